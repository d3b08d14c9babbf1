/** A line of a stream: its text, or null when it is longer than allowed; `bytes` is how far the stream was read. */
export type Line = { number: number; text: string | null; bytes: number };

/** The lines of a stream, with no more than one of them in memory, and none that is longer than `most` bytes. */
export async function* linesOf(stream: AsyncIterable<Buffer>, most: number): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let size = 0;
  let number = 0;
  let bytes = 0;
  const take = (part: Buffer) => {
    size += part.length;
    if (size <= most) parts.push(part);
    else parts = [];
  };
  const ended = (): Line => {
    const text = size <= most ? Buffer.concat(parts).toString('utf8').replace(/\r$/, '') : null;
    parts = [];
    size = 0;
    return { number: ++number, text, bytes };
  };
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      take(chunk.subarray(from, end));
      bytes += end + 1 - from;
      yield ended();
      from = end + 1;
    }
    take(chunk.subarray(from));
    bytes += chunk.length - from;
  }
  if (size > 0) yield ended();
}
