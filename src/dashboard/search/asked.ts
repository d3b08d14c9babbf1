import type { Context } from 'koa';
import type { Desk } from '../desk/desk.ts';
import { type Query, readQuery } from './query.ts';

/** A parameter that is given twice counts for nothing. */
export const given = (ctx: Context, name: string): string => {
  const value = ctx.query[name];
  return typeof value === 'string' ? value : '';
};

export type Asked = Query & { search: string };

/** The search in the address of a page. */
export function queryIn(ctx: Context, { timezone, providers }: Desk): Asked {
  const search = given(ctx, 'q');
  return { search, ...readQuery(search, { timezone, providers: providers ?? [] }) };
}
