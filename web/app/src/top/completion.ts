// What may be typed next: the field, operator or value at the cursor. The
// grammar is the server's; this only knows where in a clause the cursor stands.
import type { Field } from '../api/meta';

export interface Context {
  kind: 'field' | 'op' | 'value' | 'join';
  field: string; // for op and value
  prefix: string;
  from: number; // what a choice replaces
  to: number;
}

const token = /\s+|"(?:[^"\\]|\\.)*"?|!=|<=|>=|[=<>~(),]|[^\s=<>~!(),"]+|./g;

export function contextOf(text: string, cursor: number): Context {
  let kind: Context['kind'] = 'field';
  let field = '';
  let list = false;
  let last = { text: '', from: cursor, kind: 'field' as Context['kind'] };
  for (const m of text.slice(0, cursor).matchAll(token)) {
    const t = m[0];
    const from = m.index;
    if (/^\s+$/.test(t)) {
      last = { text: '', from: from + t.length, kind };
      continue;
    }
    const word = t.toLowerCase();
    last = { text: t, from, kind };
    if (t === '(') {
      if (kind === 'value') list = true;
      last = { text: '', from: from + 1, kind };
    } else if (t === ')') {
      if (list) kind = 'join';
      list = false;
      last = { text: '', from: from + 1, kind };
    } else if (t === ',') {
      kind = 'value';
      last = { text: '', from: from + 1, kind };
    } else if (kind === 'field') {
      if (word !== 'not') {
        field = t;
        kind = 'op';
      }
    } else if (kind === 'op') {
      if (word !== 'not') kind = 'value';
    } else if (kind === 'value') kind = list ? 'value' : 'join';
    else if (word === 'and' || word === 'or') kind = 'field';
    if (kind === 'value' && /^(=|!=|<|>|<=|>=|~)$/.test(t)) last = { text: '', from: from + t.length, kind };
  }
  const at = text.slice(0, cursor).match(/\s$/) ? kind : last.text ? last.kind : kind;
  return {
    kind: at,
    field: at === 'op' || at === 'value' ? field : '',
    prefix: last.text,
    from: last.from,
    to: cursor,
  };
}

export interface Choice {
  text: string; // what is inserted
  note: string;
}

/** known are the choices that need no server: fields, operators, joins, the values of an enum. */
export function known(c: Context, fields: Field[]): Choice[] {
  const p = c.prefix.toLowerCase();
  const bare = c.field.toLowerCase().replace(/^(client|server|src|dst)\./, '');
  const field = fields.find((f) => f.name === bare);
  if (c.kind === 'field') {
    const end = /^(client|server)\./.exec(p)?.[0] ?? '';
    const names = fields.flatMap((f) =>
      end
        ? f.end
          ? [{ text: end + f.name, note: f.doc ?? f.type }]
          : []
        : [{ text: f.name, note: f.doc ?? (f.end ? 'of either end' : f.type) }],
    );
    const more = end
      ? []
      : [
          { text: 'client.', note: 'a field of the client' },
          { text: 'server.', note: 'a field of the server' },
          { text: 'not', note: '' },
        ];
    return [...names, ...more].filter((n) => n.text.toLowerCase().startsWith(p)).slice(0, 14);
  }
  if (c.kind === 'op')
    return (field?.ops ?? ['=', '!=', 'in', '~'])
      .filter((o) => o.startsWith(p))
      .map((text) => ({ text, note: opNotes[text] ?? '' }));
  if (c.kind === 'join')
    return ['and', 'or'].filter((o) => o.startsWith(p)).map((text) => ({ text, note: '' }));
  return (field?.values ?? [])
    .filter((v) => v.toLowerCase().startsWith(p))
    .map((text) => ({ text, note: '' }));
}

const opNotes: Record<string, string> = {
  '~': 'like, with *',
  in: 'one of (…), or inside a CIDR',
  'not in': 'none of (…)',
  '!=': 'is not',
};

/** insert puts a choice in the place of what was typed. */
export function insert(text: string, c: Context, choice: string): { text: string; cursor: number } {
  const open = choice.endsWith('.');
  const space = open || /^\s/.test(text.slice(c.to)) ? '' : ' ';
  const glue = c.from > 0 && /[\w"]$/.test(text.slice(0, c.from)) ? ' ' : '';
  const head = text.slice(0, c.from) + glue + choice + space;
  return { text: head + text.slice(c.to), cursor: head.length };
}

/** inked is a filter in parts with what each is: f a field, o an operator, k a word of the language, v a value. */
export function inked(text: string): [part: string, of: string][] {
  let of = 'f';
  let list = false;
  return (text.match(token) ?? []).map((t) => {
    const word = t.toLowerCase();
    if (/^\s+$/.test(t)) return [t, ''];
    if (t === '(' || t === ')') {
      if (t === '(' && of === 'v') list = true;
      if (t === ')') {
        list = false;
        of = 'k';
      }
      return [t, ''];
    }
    if (t === ',') return [t, ''];
    if (/^[=!<>~]+$/.test(t) || (of === 'o' && /^(in|not)$/.test(word))) {
      if (word !== 'not') of = 'v';
      return [t, 'o'];
    }
    if (of !== 'v' && /^(and|or|not)$/.test(word)) {
      of = 'f';
      return [t, 'k'];
    }
    const is = of;
    of = of === 'f' ? 'o' : list ? 'v' : 'k';
    return [t, is === 'f' || is === 'v' ? is : ''];
  });
}
