import { readFile } from 'node:fs/promises';
import type { Clock, Zone } from './clock';

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

export interface Entry {
  readonly id: string;
  title: string;
  begin: Date;
  end: Date;
  guests?: string[];
  repeats?: Repeat;
}

export interface Repeat {
  every: number;
  unit: 'day' | 'week' | 'month';
  until: Date | null;
}

interface Store<T extends { id: string }> {
  get(id: string): Promise<T | undefined>;
  put(value: T): Promise<void>;
  remove(id: string): Promise<boolean>;
}

export enum Overlap {
  None,
  Touching,
  Partly,
  Inside,
}

const MINUTE = 60_000;
const LENGTHS: Record<Repeat['unit'], number> = {
  day: 24 * 60 * MINUTE,
  week: 7 * 24 * 60 * MINUTE,
  month: 30 * 24 * 60 * MINUTE,
};

export class MemoryStore implements Store<Entry> {
  private readonly entries = new Map<string, Entry>();

  async get(id: string): Promise<Entry | undefined> {
    return this.entries.get(id);
  }

  async put(value: Entry): Promise<void> {
    this.entries.set(value.id, value);
  }

  async remove(id: string): Promise<boolean> {
    return this.entries.delete(id);
  }

  get size(): number {
    return this.entries.size;
  }
}

export class Calendar {
  private listeners: Array<(entry: Entry) => void> = [];

  constructor(
    private readonly store: Store<Entry>,
    private readonly clock: Clock,
    private readonly zone: Zone = 'UTC',
  ) {}

  onChange(listener: (entry: Entry) => void): () => void {
    this.listeners.push(listener);
    return () => {
      this.listeners = this.listeners.filter((each) => each !== listener);
    };
  }

  async add(entry: Entry): Promise<Entry> {
    if (entry.end <= entry.begin) {
      throw new RangeError(`${entry.title} ends before it begins`);
    }
    await this.store.put(entry);
    for (const listener of this.listeners) {
      listener(entry);
    }
    return entry;
  }

  async move(id: string, minutes: number): Promise<Entry> {
    const found = await this.store.get(id);
    if (found === undefined) {
      throw new Error(`There is no entry ${id}`);
    }
    const moved: Entry = {
      ...found,
      begin: new Date(found.begin.getTime() + minutes * MINUTE),
      end: new Date(found.end.getTime() + minutes * MINUTE),
    };
    await this.store.put(moved);
    return moved;
  }

  next(entries: readonly Entry[]): Entry | null {
    const now = this.clock.now(this.zone);
    const later = entries
      .filter(({ begin }) => begin > now)
      .sort((a, b) => a.begin.getTime() - b.begin.getTime());
    return later[0] ?? null;
  }

  *occurrences(entry: Entry): Generator<Date> {
    const { repeats } = entry;
    let day = entry.begin;
    while (repeats && (!repeats.until || day <= repeats.until)) {
      yield day;
      day = new Date(day.getTime() + repeats.every * LENGTHS[repeats.unit]);
    }
  }
}

export function overlap(first: Entry, second: Entry): Overlap {
  if (first.end < second.begin || second.end < first.begin) {
    return Overlap.None;
  }
  if (first.end === second.begin || second.end === first.begin) {
    return Overlap.Touching;
  }
  const inside = first.begin <= second.begin && second.end <= first.end;
  return inside ? Overlap.Inside : Overlap.Partly;
}

export async function importEntries(file: string, store: Store<Entry>): Promise<number> {
  const text = await readFile(file, { encoding: 'utf8' });
  const rows = JSON.parse(text) as Array<Partial<Entry>>;
  let count = 0;
  for (const row of rows) {
    if (!row.id || !row.begin || !row.end) {
      continue;
    }
    await store.put({
      id: row.id,
      title: row.title ?? 'untitled',
      begin: new Date(row.begin),
      end: new Date(row.end),
    });
    count += 1;
  }
  return count;
}

function isWeekend(day: Weekday): day is 'sat' | 'sun' {
  return day === 'sat' || day === 'sun';
}

export { isWeekend };
