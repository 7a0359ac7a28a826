/** A name or short hint for the one element in its slot, with the keys that do the same. Adds listeners, no element. */
import { cloneVNode, Comment, defineComponent, onBeforeUnmount, type PropType, type VNode } from 'vue'
import { forget, hide, hideSoon, showNow, showSoon, tip, tipId, type Side } from './tip'

export default defineComponent({
  name: 'UiTooltip',
  props: {
    label: { type: String, required: true },
    shortcut: { type: String, default: undefined },
    side: { type: String as PropType<Side>, default: undefined },
  },
  setup(props, { slots }) {
    let target: HTMLElement | null = null
    const of = (event: Event) => {
      target = event.currentTarget as HTMLElement
      return { target, label: props.label, shortcut: props.shortcut, side: props.side }
    }
    const listeners = {
      // A finger has no resting place: it would leave the hint standing.
      onPointerenter: (event: PointerEvent) => event.pointerType !== 'touch' && showSoon(of(event)),
      onPointerleave: hideSoon,
      onPointerdown: hide,
      onFocus: (event: FocusEvent) => {
        const shown = of(event)
        if (shown.target.matches(':focus-visible')) showNow(shown)
      },
      onBlur: hide,
    }
    onBeforeUnmount(() => forget(target))
    return () => {
      const [only] = (slots.default?.() ?? []).filter((node: VNode) => node.type !== Comment)
      if (!only) return null
      return cloneVNode(only, { ...listeners, 'aria-describedby': tip.value && tip.value.target === target ? tipId.value : undefined })
    }
  },
})
