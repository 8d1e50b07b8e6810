/** JSON as Python reads and writes it, so that what nobody changed keeps its text. */

import { keysOf, notes } from './notes';
import type { Notes } from './notes';

export const MAX_DEPTH = 64;

/** What is wrong with a text, and where. */
export class JsonError extends Error {
  constructor(
    readonly reason: string,
    readonly offset: number,
    readonly ended = false
  ) {
    super(reason);
  }
}

/** Read JSON text; a key twice, NaN, infinities and deep nesting are refused, as in Python. */
export function parseJson(text: string): unknown {
  return new Parser(text).whole();
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?(?:[eE][-+]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORDS: [string, unknown][] = [['true', true], ['false', false], ['null', null]];

class Parser {
  private at = 0;

  constructor(private readonly text: string) {}

  whole(): unknown {
    const value = this.value(0);
    this.space();
    return this.at < this.text.length ? this.fail('expected nothing more') : value;
  }

  private value(depth: number): unknown {
    this.space();
    const next = this.text[this.at];
    if (next === '{' || next === '[') {
      if (depth >= MAX_DEPTH) {
        this.fail(`expected at most ${MAX_DEPTH} levels of lists and objects, got more`);
      }
      return next === '{' ? this.object(depth + 1) : this.list(depth + 1);
    }
    if (next === '"') {
      return this.string();
    }
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return Number(this.number());
  }

  private object(depth: number): Record<string, unknown> {
    const made: Record<string, unknown> = {};
    const own: Notes = {};
    const keys: string[] = [];
    this.at += 1;
    if (this.ends('}')) {
      return made;
    }
    do {
      this.space();
      const start = this.at;
      const key = this.string();
      if (Object.prototype.hasOwnProperty.call(made, key)) {
        this.at = start;
        this.fail(`the key ${JSON.stringify(key)} stands twice in one object`);
      }
      this.take(':');
      const value = this.noted(own, key, depth);
      Object.defineProperty(made, key, {
        value, enumerable: true, writable: true, configurable: true
      });
      keys.push(key);
    } while (this.more('}'));
    if (Object.keys(made).some((key, place) => key !== keys[place])) {
      own.order = keys;
    }
    return this.keep(made, own);
  }

  private list(depth: number): unknown[] {
    const made: unknown[] = [];
    const own: Notes = {};
    this.at += 1;
    if (this.ends(']')) {
      return made;
    }
    do {
      made.push(this.noted(own, String(made.length), depth));
    } while (this.more(']'));
    return this.keep(made, own);
  }

  private keep<T extends object>(made: T, own: Notes): T {
    if (own.numbers !== undefined || own.order !== undefined) {
      notes.set(made, own);
    }
    return made;
  }

  private noted(own: Notes, key: string, depth: number): unknown {
    this.space();
    const start = this.at;
    const value = this.value(depth);
    if (typeof value === 'number') {
      const text = this.text.slice(start, this.at);
      if (numberText(value) !== text) {
        (own.numbers ??= new Map()).set(key, text);
      }
    }
    return value;
  }

  private number(): string {
    NUMBER.lastIndex = this.at;
    const found = NUMBER.exec(this.text)?.[0];
    if (found === undefined) {
      return this.fail('expected a value');
    }
    if (!Number.isFinite(Number(found))) {
      this.fail('expected a finite number');
    }
    this.at += found.length;
    return found;
  }

  private string(): string {
    STRING.lastIndex = this.at;
    const found = STRING.exec(this.text)?.[0];
    if (found === undefined) {
      if (this.text[this.at] === '"') {
        const end = this.text.indexOf('"', this.at + 1);
        this.at = end < 0 ? this.text.length : this.at;
      }
      return this.fail('expected a text in quotes');
    }
    this.at += found.length;
    return JSON.parse(found) as string;
  }

  private space(): void {
    SPACE.lastIndex = this.at;
    SPACE.test(this.text);
    this.at = SPACE.lastIndex;
  }

  private take(mark: string): void {
    this.space();
    if (this.text[this.at] !== mark) {
      this.fail(`expected ${mark}`);
    }
    this.at += 1;
  }

  private ends(mark: string): boolean {
    this.space();
    const ended = this.text[this.at] === mark;
    this.at += ended ? 1 : 0;
    return ended;
  }

  private more(end: string): boolean {
    this.space();
    if (this.text[this.at] === ',') {
      this.at += 1;
      return true;
    }
    this.take(end);
    return false;
  }

  private fail(reason: string): never {
    throw new JsonError(reason, this.at, this.at >= this.text.length);
  }
}

/** Write a value as Python's `json.dumps(value, ensure_ascii=False)` does. */
export function jsonText(value: unknown): string {
  const text = written(value, undefined);
  return isWellFormed(text) ? text : text.replace(/[\u007f-\uffff]/g, escaped);
}

function written(value: unknown, told: string | undefined): string {
  if (typeof value === 'number') {
    return told ?? numberText(value);
  }
  if (typeof value === 'string') {
    return quoted(value);
  }
  if (Array.isArray(value)) {
    const numbers = notes.get(value)?.numbers;
    return `[${value.map((item, place) => written(item, numbers?.get(String(place)))).join(', ')}]`;
  }
  if (value !== null && typeof value === 'object') {
    const own = notes.get(value);
    const inner = value as Record<string, unknown>;
    const parts = keysOf(inner)
      .filter(key => inner[key] !== undefined)
      .map(key => `${quoted(key)}: ${written(inner[key], own?.numbers?.get(key))}`);
    return `{${parts.join(', ')}}`;
  }
  return value === undefined ? 'null' : JSON.stringify(value);
}

/** Write a number as Python does; whole ones as int. */
export function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER) {
    return String(value);
  }
  const [digits, power] = value.toExponential().split('e');
  const size = Number(power);
  if (size >= -4 && size < 16) {
    const text = String(value);
    return Number.isInteger(value) ? `${text}.0` : text;
  }
  const sign = size < 0 ? '-' : '+';
  return `${digits}e${sign}${String(Math.abs(size)).padStart(2, '0')}`;
}

/** Write a float as Python does: with a point, or an exponent. */
export function floatText(value: number): string {
  const text = numberText(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(/\\u(d[89a-f][0-9a-f]{2})/g, (all, code: string, at: number, whole: string) => {
    let slashes = 0;
    while (whole[at - 1 - slashes] === '\\') {
      slashes += 1;
    }
    return slashes % 2 === 1 ? all : String.fromCharCode(parseInt(code, 16));
  });
}

function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
}

function escaped(mark: string): string {
  return `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
