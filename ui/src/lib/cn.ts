/** Joins class names; a later utility of the same kind wins. Knows our own text sizes, radii and colours. */
import { extendTailwindMerge } from 'tailwind-merge'

const merge = extendTailwindMerge({
  extend: {
    theme: {
      text: ['meta', 'body', 'read', 'section', 'page', 'kpi'],
      radius: ['control', 'card', 'bubble', 'full'],
      shadow: ['pop'],
    },
  },
})
export type ClassValue = string | false | null | undefined | ClassValue[]
export const cn = (...parts: ClassValue[]): string => merge(parts.flat(Infinity as 1) as string[])
