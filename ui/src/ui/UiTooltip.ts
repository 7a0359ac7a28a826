/** A name or short hint for the one element in its slot, with the keys that do the same. Adds listeners, no element. */
import { cloneVNode, Comment, computed, defineComponent, onBeforeUnmount, type PropType, shallowRef, type VNode } from 'vue'
import { forget, hide, hideSoon, show, showSoon, tip, tipId, type Side } from './tip'

export default defineComponent({
  name: 'UiTooltip',
  props: {
    label: { type: String, required: true },
    shortcut: { type: String, default: undefined },
    side: { type: String as PropType<Side>, default: undefined },
  },
  setup(props, { slots }) {
    const target = shallowRef<HTMLElement | null>(null)
    // So that a hint elsewhere draws nothing here anew.
    const isShown = computed(() => tip.value !== null && tip.value.target === target.value)
    const of = (event: Event) => {
      const element = event.currentTarget as HTMLElement
      target.value = element
      return { target: element, label: props.label, shortcut: props.shortcut, side: props.side }
    }
    const listeners = {
      // A finger has no resting place: it would leave the hint standing.
      onPointerenter: (event: PointerEvent) => event.pointerType !== 'touch' && showSoon(of(event)),
      onPointerleave: hideSoon,
      onPointerdown: hide,
      onFocus: (event: FocusEvent) => {
        const shown = of(event)
        if (shown.target.matches(':focus-visible')) show(shown)
      },
      onBlur: hide,
    }
    onBeforeUnmount(() => forget(target.value))
    return () => {
      const [only] = (slots.default?.() ?? []).filter((node: VNode) => node.type !== Comment)
      if (!only) return null
      return cloneVNode(only, isShown.value && tipId.value ? { ...listeners, 'aria-describedby': tipId.value } : listeners)
    }
  },
})
