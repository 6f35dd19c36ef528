import { Matches, type ValidationOptions } from 'class-validator';

type Text = (options?: ValidationOptions) => PropertyDecorator;

/** The whole string, as WaveFlow's contract has it; the message says it in words. */
export const IsId = text(/^[A-Za-z0-9._-]{1,128}$/, "1 to 128 letters, digits, '.', '_' or '-'");
export const IsJobId = text(/^[A-Za-z0-9._-]{1,256}$/, "1 to 256 letters, digits, '.', '_' or '-'");
/** An id that may be a part of a key, where `.` and `..` are refused. */
export const IsKeyPart = text(
  /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,128}$/,
  "1 to 128 letters, digits, '.', '_' or '-', and not '.' or '..'",
);
/** Text that a database can keep: no control character, no half of a surrogate pair. */
export const IsPrintable = text(/^[^\p{Cc}\p{Cs}]+$/u, 'text of at least one character, without control characters');
export const IsSha256 = text(/^[0-9a-f]{64}$/, 'a SHA-256 of 64 hexadecimal digits in lower case');
/** Of the decoded samples, or of the compressed packets. */
export const IsAudioId = text(/^(pcm1|pkt1):[0-9a-f]{64}$/, "'pcm1:' or 'pkt1:' and 64 hexadecimal digits in lower case");

function text(pattern: RegExp, words: string): Text {
  return (options = {}) =>
    Matches(pattern, { message: `${options.each ? 'each value in ' : ''}$property must be ${words}`, ...options });
}
