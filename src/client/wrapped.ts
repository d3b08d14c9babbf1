/** The library stands in several builds (ES modules and CommonJS, in two packages), and all of them know this mark. */
const WRAPPED = Symbol.for('homing.wrapped');

/** What is wrapped already stays as it is: a second time would record each mail twice. */
export const isWrapped = (client: object): boolean => (client as { [WRAPPED]?: unknown })[WRAPPED] === true;

/** A proxy's `get` that shows the mark. */
export function marked<T extends object>(get: NonNullable<ProxyHandler<T>['get']>): ProxyHandler<T> {
  return { get: (target, name, receiver) => (name === WRAPPED ? true : get(target, name, receiver)) };
}
