/**
 * The demo servers of a run, one for each worker at a time, started together before the first test: a worker that starts
 * anew for another project goes on with the one of its place. After a failure it does not: who knows what the test left
 * there. Such a server is marked, and whoever has its place from then on starts one of their own.
 */
import type { FullConfig } from '@playwright/test'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const START_MS = 60_000
/** Where workers find their servers: addresses in order of their places. */
export const SERVERS = 'FRONTDESK_E2E_SERVERS'
/** A folder with a file for each place whose server is soiled, named by the place's number. */
const SOILED = 'FRONTDESK_E2E_SOILED'
export const soiledMark = (place: number): string => join(process.env[SOILED] ?? tmpdir(), String(place))

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  const end = Date.now() + START_MS
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
    const answer = await fetch(`${url}/readyz`).catch(() => null)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the server did not become ready')
}

interface Server {
  url: string
  stop: () => Promise<void>
}
/** A demo business of its own on a free port. */
export async function demo(): Promise<Server> {
  const binary = process.env.FRONTDESK_BIN
  if (!binary) throw new Error('FRONTDESK_BIN names the built frontdesk binary')
  const data = mkdtempSync(join(tmpdir(), 'frontdesk-e2e-'))
  const url = `http://127.0.0.1:${await freePort()}`
  const child = spawn(binary, ['demo', '--data', data, '--listen', url.replace('http://', '')], { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  // Also if this process ends before it comes to stopping it.
  const kill = (): boolean => child.kill('SIGTERM')
  process.once('exit', kill)
  const stop = async (): Promise<void> => {
    process.off('exit', kill)
    kill()
    await ended
    rmSync(data, { recursive: true, force: true })
  }
  try {
    await ready(url, child)
  } catch (error) {
    await stop()
    throw error
  }
  return { url, stop }
}

export default async function start(config: FullConfig): Promise<() => Promise<void>> {
  if (process.env.FRONTDESK_URL) return async () => undefined
  const servers = await Promise.all(Array.from({ length: config.workers }, demo))
  process.env[SERVERS] = servers.map(({ url }) => url).join(' ')
  const marks = mkdtempSync(join(tmpdir(), 'frontdesk-e2e-soiled-'))
  process.env[SOILED] = marks
  return async () => {
    await Promise.all(servers.map(({ stop }) => stop()))
    rmSync(marks, { recursive: true, force: true })
  }
}
