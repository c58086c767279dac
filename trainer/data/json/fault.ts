/** Where a text stops being JSON, and why: `JSON.parse` does not always say. Used only once a text has failed there. */

export interface JsonFault {
  /** UTF-16 code units from the start. */
  readonly offset: number;
  readonly reason: string;
}

type State = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | ', or ]' | ', or }' | 'end';

const wanted: Record<State, string> = {
  value: 'a value is expected',
  'value or ]': 'a value or "]" is expected',
  key: 'a quoted key is expected',
  'key or }': 'a quoted key or "}" is expected',
  colon: '":" is expected',
  ', or ]': 'a comma or "]" is expected',
  ', or }': 'a comma or "}" is expected',
  end: 'nothing more is expected',
};

const scalarPattern = /(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)(?![0-9A-Za-z_.])/y;

const escapePattern = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** The end of the string that begins at `start`, or where and why it is not one. */
function scanString(text: string, start: number): number | JsonFault {
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20)
      return { offset: at, reason: 'a text holds a raw control character; write it as an escape such as \\n' };
    if (code === 0x5c) {
      escapePattern.lastIndex = at;
      if (!escapePattern.test(text)) return { offset: at, reason: 'a backslash begins no escape that JSON knows' };
      at = escapePattern.lastIndex;
    } else at++;
  }
  return { offset: start, reason: 'a text is never closed' };
}

/** The first place where a text is not JSON; null when it is. Linear in its length, and not recursive. */
export function findJsonFault(text: string): JsonFault | null {
  const open: ('[' | '{')[] = [];
  let state: State = 'value';
  let at = 0;
  const after = (): State => (open.length === 0 ? 'end' : open.at(-1) === '[' ? ', or ]' : ', or }');
  for (;;) {
    while (at < text.length && ' \t\r\n'.includes(text[at] as string)) at++;
    if (at === text.length) return state === 'end' ? null : { offset: at, reason: `it ends where ${wanted[state]}` };
    const character = text[at] as string;
    const fault = { offset: at, reason: `${wanted[state]}, but ${JSON.stringify(character)} follows` };
    switch (state) {
      case 'value':
      case 'value or ]':
        if (character === '"') {
          const end = scanString(text, at);
          if (typeof end !== 'number') return end;
          at = end;
          state = after();
        } else if (character === '{' || character === '[') {
          open.push(character);
          state = character === '{' ? 'key or }' : 'value or ]';
          at++;
        } else if (character === ']' && state === 'value or ]') {
          open.pop();
          at++;
          state = after();
        } else {
          scalarPattern.lastIndex = at;
          if (!scalarPattern.test(text)) return fault;
          at = scalarPattern.lastIndex;
          state = after();
        }
        break;
      case 'key':
      case 'key or }':
        if (character === '"') {
          const end = scanString(text, at);
          if (typeof end !== 'number') return end;
          at = end;
          state = 'colon';
        } else if (character === '}' && state === 'key or }') {
          open.pop();
          at++;
          state = after();
        } else return fault;
        break;
      case 'colon':
        if (character !== ':') return fault;
        at++;
        state = 'value';
        break;
      case ', or ]':
      case ', or }':
        at++;
        if (character === ',') state = state === ', or ]' ? 'value' : 'key';
        else if (character === state.at(-1)) {
          open.pop();
          state = after();
        } else return fault;
        break;
      case 'end':
        return fault;
    }
  }
}
