/** All areas, found by their `routes.ts`. Apart from area.ts so that areas can import `defineArea` without a cycle. */
import type { Area, Role } from './area'

const modules = import.meta.glob<{ default: Area }>('../features/*/routes.ts', { eager: true })
export const areas: Area[] = Object.values(modules).map((module) => module.default)
export const railEntries = areas.flatMap((area) => area.rail ?? []).sort((a, b) => a.order - b.order)
export const allows = (roles: Role[] | undefined, role: Role | undefined): boolean =>
  !roles || (role !== undefined && roles.includes(role))
