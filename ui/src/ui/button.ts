import { cva, type VariantProps } from 'class-variance-authority'

/** The looks of a button, also for links that look like one. */
export const buttonStyle = cva(
  'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-control font-medium whitespace-nowrap transition-colors select-none disabled:opacity-55 aria-disabled:opacity-55',
  {
    variants: {
      tone: {
        primary: 'bg-brand text-on-brand not-disabled:hover:bg-[color-mix(in_srgb,var(--brand)_88%,var(--fg))]',
        plain: 'border border-control bg-surface text-fg not-disabled:hover:bg-sunken',
        quiet: 'text-fg-2 not-disabled:hover:bg-sunken not-disabled:hover:text-fg aria-pressed:bg-brand-soft aria-pressed:text-brand data-[state=open]:bg-sunken',
        danger: 'bg-danger text-surface not-disabled:hover:bg-[color-mix(in_srgb,var(--danger)_88%,var(--fg))]',
        note: 'bg-warning text-surface not-disabled:hover:bg-[color-mix(in_srgb,var(--warning)_88%,var(--fg))]',
      },
      size: {
        sm: 'min-h-7 px-2.5 text-meta max-md:min-h-11 max-md:px-3 max-md:text-body',
        md: 'min-h-(--control-h) px-3 text-body max-md:min-h-11',
        icon: 'size-8 max-md:size-11',
        'icon-sm': 'size-6 max-md:size-11',
      },
    },
    defaultVariants: { tone: 'plain', size: 'md' },
  },
)
export type ButtonStyle = VariantProps<typeof buttonStyle>
