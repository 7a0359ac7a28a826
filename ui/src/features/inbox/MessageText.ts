import { type FunctionalComponent, h, type VNode } from 'vue'
import { type Rich, richText } from '@/lib/format/richtext'

const TAGS = { bold: 'strong', italic: 'em', strike: 's' } as const

function render(node: Rich): VNode | string {
  switch (node.kind) {
    case 'text':
      return node.text
    case 'code':
      return h('code', { class: 'rounded-[4px] bg-fg/8 px-1 font-mono text-[0.92em]', dir: 'ltr' }, node.text)
    case 'block':
      return h('code', { class: 'block rounded-control bg-fg/8 px-2 py-1 font-mono text-[0.92em] whitespace-pre-wrap', dir: 'ltr' }, node.text)
    case 'link':
      return h('a', { href: node.href, target: '_blank', rel: 'noopener noreferrer nofollow', class: 'underline underline-offset-2 wrap-anywhere', dir: 'ltr' }, node.text)
    default:
      return h(TAGS[node.kind], node.children.map(render))
  }
}

/** A person's text with WhatsApp's formatting; everything in it ends up as text nodes. */
const MessageText: FunctionalComponent<{ text: string }> = (props) =>
  h('div', { dir: 'auto', class: 'whitespace-pre-wrap wrap-anywhere' }, richText(props.text).map(render))
MessageText.props = ['text']
export default MessageText
