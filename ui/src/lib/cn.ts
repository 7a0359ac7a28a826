/** Joins class names. Nothing is merged: parts that take a `class` are built so that a given utility wins. */
export type ClassValue = string | false | null | undefined
export const cn = (...parts: ClassValue[]): string => parts.filter(Boolean).join(' ')
