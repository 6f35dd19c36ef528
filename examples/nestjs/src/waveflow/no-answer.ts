/** The `errorCode` of a row that this server gave up; WaveFlow's own codes come by webhooks. */
export const NO_ANSWER = 'NO_ANSWER';
