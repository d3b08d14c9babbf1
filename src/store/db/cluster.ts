// What a node of a Galera cluster says of itself. Any other server has none of these variables, or has them off.
type Ask = (sql: string) => Promise<Record<string, unknown>[]>;

/** Asked of each server that is connected to. */
export const VARIABLES = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('max_allowed_packet', 'wsrep_on')";
const STATE = "SHOW GLOBAL STATUS WHERE Variable_name IN ('wsrep_ready', 'wsrep_local_state')";

export const valuesOf = (rows: readonly Record<string, unknown>[]): Map<string, string> =>
  new Map(rows.map((row) => [String(row['Variable_name']), String(row['Value'])]));

/**
 * Whether it is in the majority and has applied what the others have. One that gives its state to another node, or is
 * desynced for a backup, may stand still for minutes.
 * Source: https://galeracluster.com/library/documentation/galera-status-variables.html
 */
export async function isSynced(ask: Ask): Promise<boolean> {
  const status = valuesOf(await ask(STATE));
  return status.get('wsrep_ready') === 'ON' && status.get('wsrep_local_state') === SYNCED;
}

const SYNCED = '4';
