/** The shortest password that the server accepts, in characters. */
export const MIN_PASSWORD = 10
