import type { Knex } from 'knex';
import { renameTable } from './make-tables.ts';

/*
 * A report is what a provider tells of a delivery, so what Homing writes for its administrators is called a summary. The
 * table, the cursor that says up to when summaries were written, and the mark of alert items that are for the summary
 * alone take that name; nothing in them changes.
 */
const INDEXED = ['pending', 'due_at'];

export async function up(db: Knex): Promise<void> {
  await renameTable(db, { from: 'reports', to: 'summaries', indexes: [INDEXED] });
  await renameCursor(db, 'reports_written', 'summaries_written');
  await db('alert_items').where({ alert_id: 'report' }).update({ alert_id: 'summary' });
}

export async function down(db: Knex): Promise<void> {
  await renameTable(db, { from: 'summaries', to: 'reports', indexes: [INDEXED] });
  await renameCursor(db, 'summaries_written', 'reports_written');
  await db('alert_items').where({ alert_id: 'summary' }).update({ alert_id: 'report' });
}

/** A daemon that still runs the other version may have written the cursor of its name meanwhile; the one renamed first stays. */
async function renameCursor(db: Knex, from: string, to: string): Promise<void> {
  if (await db('cursors').where({ name: to }).first('name')) return;
  await db('cursors').where({ name: from }).update({ name: to });
}
