/**
 * The looks of a button, also for links that look like one. The classes are component utilities of styles.css, which
 * Tailwind sorts before plain utilities, so that a `class` given to a button wins.
 */
export interface ButtonStyle {
  tone?: 'primary' | 'plain' | 'quiet' | 'danger' | 'note'
  size?: 'sm' | 'md' | 'icon' | 'icon-sm'
}
const TONES = { primary: 'btn-primary', plain: 'btn-plain', quiet: 'btn-quiet', danger: 'btn-danger', note: 'btn-note' }
const SIZES = { sm: 'btn-sm', md: 'btn-md', icon: 'btn-icon', 'icon-sm': 'btn-icon-sm' }
export const buttonStyle = ({ tone = 'plain', size = 'md' }: ButtonStyle): string => `btn ${TONES[tone]} ${SIZES[size]}`
