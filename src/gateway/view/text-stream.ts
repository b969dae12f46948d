import { Transform } from 'node:stream';
import { type ArenaNames, toPlain } from '../../kube/arena-names.ts';

/**
 * Strips an arena's id from a stream of bytes, chunk by chunk, also where a chunk ends inside the id. From the first chunk that is not text
 * (not UTF-8, or with a NUL byte) everything passes byte by byte: a file copied out of a pod must arrive as it is.
 */
export class PlainTextStream {
  readonly #mark: Buffer;
  readonly #arena: ArenaNames;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #held: Buffer = Buffer.alloc(0);
  #binary = false;

  constructor(arena: ArenaNames) {
    this.#arena = arena;
    this.#mark = Buffer.from(`-${arena.id}`);
  }

  /** What can be handed on after this chunk; up to the id's length of bytes may be held back. */
  push(chunk: Buffer): Buffer {
    if (this.#binary) return chunk;
    const all = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    if (!this.#isText(chunk)) {
      this.#binary = true;
      this.#held = Buffer.alloc(0);
      return all;
    }
    const stripped = this.#strip(all);
    const keep = this.#partialMark(stripped);
    this.#held = Buffer.from(stripped.subarray(stripped.length - keep));
    return stripped.subarray(0, stripped.length - keep);
  }

  /** What was held back when the stream ends. */
  end(): Buffer {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest;
  }

  /** The id is ASCII, so bytes can be compared without decoding. */
  #strip(bytes: Buffer): Buffer {
    return bytes.includes(this.#mark) ? Buffer.from(toPlain(bytes.toString('latin1'), this.#arena), 'latin1') : bytes;
  }

  #isText(chunk: Buffer): boolean {
    if (chunk.includes(0)) return false;
    try {
      this.#decoder.decode(chunk, { stream: true });
      return true;
    } catch {
      return false;
    }
  }

  /** Length of the longest tail that could be the beginning of the mark. */
  #partialMark(bytes: Buffer): number {
    for (let size = Math.min(this.#mark.length - 1, bytes.length); size > 0; size--) {
      if (bytes.subarray(bytes.length - size).equals(this.#mark.subarray(0, size))) return size;
    }
    return 0;
  }
}

/** A Transform around PlainTextStream. */
export function plainText(arena: ArenaNames): Transform {
  const text = new PlainTextStream(arena);
  return new Transform({
    transform(chunk, _encoding, done) {
      done(null, text.push(chunk));
    },
    flush(done) {
      done(null, text.end());
    },
  });
}

/** A Transform that maps each line (without its newline) of a stream, such as the frames of a watch; `map` returning undefined drops the line. */
export function mapLines(map: (line: string) => string | undefined, limit = 64 * 1024 * 1024): Transform {
  let pending: Buffer[] = [];
  let size = 0;
  const emit = (stream: Transform, line: Buffer) => {
    const mapped = line.length > 0 ? map(line.toString()) : undefined;
    if (mapped !== undefined) stream.push(`${mapped}\n`);
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        let from = 0;
        for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
          emit(this, Buffer.concat([...pending, chunk.subarray(from, end)]));
          pending = [];
          size = 0;
          from = end + 1;
        }
        if (from < chunk.length) {
          pending.push(chunk.subarray(from));
          size += chunk.length - from;
        }
        done(size > limit ? new Error(`a line of more than ${limit} bytes`) : null);
      } catch (error) {
        done(error as Error);
      }
    },
    flush(done) {
      try {
        emit(this, Buffer.concat(pending));
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
}
