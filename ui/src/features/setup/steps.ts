/** Where the set-up stands. What was typed survives a reload, except the code and the password. */
export const STEPS = ['owner', 'business', 'hours', 'channel', 'test'] as const
export type Step = (typeof STEPS)[number]

export interface SetupState {
  /** The server still has no owner. */
  needed: boolean
  signedIn: boolean
  owner: boolean
}

/** The step to show for a wish (the address), or where to go instead. */
export function stepFor(wish: unknown, state: SetupState): Step | 'login' | 'start' {
  const wished = STEPS.find((step) => step === wish)
  if (state.needed) return wished === 'business' ? 'business' : 'owner'
  if (!state.signedIn) return 'login'
  if (!state.owner) return 'start'
  return wished === 'hours' || wished === 'channel' || wished === 'test' ? wished : 'start'
}

/** The code as the server prints it: capitals, in groups of four; blanks and small letters are forgiven. */
export function tidyCode(code: string): string {
  const letters = code.toUpperCase().replace(/[^A-Z0-9]/g, '')
  return letters.match(/.{1,4}/g)?.join('-') ?? ''
}

const KEY = 'frontdesk.setup'
export interface Draft {
  [key: string]: string
  name: string
  email: string
  business: string
  timezone: string
}
export function readDraft(): Partial<Draft> {
  try {
    const saved: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '{}')
    return typeof saved === 'object' && saved !== null ? (saved as Partial<Draft>) : {}
  } catch {
    return {}
  }
}
export function writeDraft(draft: Partial<Draft> | null): void {
  try {
    if (draft) sessionStorage.setItem(KEY, JSON.stringify(draft))
    else sessionStorage.removeItem(KEY)
  } catch {
    // Without session storage a reload begins anew.
  }
}
