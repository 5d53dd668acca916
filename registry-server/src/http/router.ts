/** One table of routes, compiled into a tree of segments. Literals win over parameters; a literal that leads nowhere is a parameter's value. */
import type { Call } from './call.ts';
import type { Reply } from './reply.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
export type Handler = (call: Call) => Reply | Promise<Reply>;

export interface Route {
  /** Such as `apps/:app/:id/status`. */
  readonly path: string;
  readonly methods: Readonly<Partial<Record<Method, Handler>>>;
  /** Whether clients that take neither JSON nor XML are welcome (an event stream); default no: 406. */
  readonly anyType?: true;
}

export interface RouteMatch {
  readonly route: Route;
  /** Values of the path's parameters, still escaped, in order. */
  readonly values: readonly string[];
}

interface Node {
  readonly literals: Map<string, Node>;
  parameter: Node | undefined;
  route: Route | undefined;
}

export class Router {
  readonly #root: Node = node();
  /** Of routes without parameters: `/eureka/apps`. */
  readonly #whole = new Map<string, RouteMatch>();

  /** @param prefixes - base paths under which every route stands, such as `eureka/v2` */
  constructor(prefixes: readonly string[], routes: readonly Route[]) {
    for (const prefix of prefixes) for (const route of routes) this.#add(`${prefix}/${route.path}`, route);
  }

  /** The short way. @param target - as it came; found where it is the path of a route to the letter, and no query follows */
  whole(target: string): RouteMatch | undefined {
    return this.#whole.get(target);
  }

  /** @param segments - still escaped: `%61pps` is not `apps` */
  match(segments: readonly string[]): RouteMatch | undefined {
    const values: string[] = [];
    const route = find(this.#root, segments, 0, values);
    return route === undefined ? undefined : { route, values };
  }

  #add(path: string, route: Route): void {
    let at = this.#root;
    for (const segment of path.split('/').filter((part) => part !== '')) {
      if (segment.startsWith(':')) {
        at.parameter ??= node();
        at = at.parameter;
      } else {
        const next = at.literals.get(segment) ?? node();
        at.literals.set(segment, next);
        at = next;
      }
    }
    at.route = route;
    if (!path.includes(':')) this.#whole.set(`/${path}`, { route, values: [] });
  }
}

/** Methods of a route as `Allow` lists them. */
export function allowed(route: Route, withHead: boolean): string {
  const methods: string[] = Object.keys(route.methods);
  if (withHead && route.methods.GET !== undefined) methods.push('HEAD');
  return [...methods, 'OPTIONS'].join(',');
}

function node(): Node {
  return { literals: new Map(), parameter: undefined, route: undefined };
}

function find(at: Node, segments: readonly string[], index: number, values: string[]): Route | undefined {
  if (index === segments.length) return at.route;
  const segment = segments[index]!;
  // Asking a map costs hashing the segment, an empty one too.
  const literal = at.literals.size === 0 ? undefined : at.literals.get(segment);
  if (literal !== undefined) {
    const route = find(literal, segments, index + 1, values);
    if (route !== undefined) return route;
  }
  if (at.parameter === undefined) return undefined;
  values.push(segment);
  const route = find(at.parameter, segments, index + 1, values);
  if (route === undefined) values.pop();
  return route;
}
