/** Theme and density: attributes on the root element that the tokens in styles.css answer to. */
import { ref, watchEffect } from 'vue'

export type Theme = 'system' | 'light' | 'dark'
export type Density = 'comfortable' | 'compact'

function stored<T extends string>(key: string, values: readonly T[], fallback: T): T {
  try {
    return values.find((value) => value === localStorage.getItem(key)) ?? fallback
  } catch {
    return fallback
  }
}

export const theme = ref<Theme>(stored('frontdesk.theme', ['system', 'light', 'dark'], 'system'))
export const density = ref<Density>(stored('frontdesk.density', ['comfortable', 'compact'], 'comfortable'))

/** The rail's width: by the window's, or as somebody chose on this device. */
export type Rail = 'auto' | 'wide' | 'narrow'
export const rail = ref<Rail>(stored('frontdesk.rail', ['auto', 'wide', 'narrow'], 'auto'))
export function setRail(next: Rail): void {
  rail.value = next
  try {
    localStorage.setItem('frontdesk.rail', next)
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

export function startTheme(): void {
  watchEffect(() => {
    const root = document.documentElement
    if (theme.value === 'system') root.removeAttribute('data-theme')
    else root.dataset.theme = theme.value
    root.dataset.density = density.value
    try {
      localStorage.setItem('frontdesk.theme', theme.value)
      localStorage.setItem('frontdesk.density', density.value)
    } catch {
      // Without storage the choice comes from the profile after sign-in.
    }
  })
}
