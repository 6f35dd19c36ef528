/** The whole string, as WaveFlow's contract has it. */
export const ID = /^[A-Za-z0-9._-]{1,128}$/;
/** An id that may be a part of a key, where `.` and `..` are refused. */
export const KEY_PART = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,128}$/;
/** Text that a database can keep: no control character, no half of a surrogate pair. */
export const PRINTABLE = /^[^\p{Cc}\p{Cs}]+$/u;
export const JOB_ID = /^[A-Za-z0-9._-]{1,256}$/;
export const SHA256 = /^[0-9a-f]{64}$/;
/** Of the decoded samples, or of the compressed packets. */
export const AUDIO_ID = /^(pcm1|pkt1):[0-9a-f]{64}$/;
