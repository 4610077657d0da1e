const SIZE = 8
const byId = (id) => document.getElementById(id)
const show = (id, visible) => {
  byId(id).hidden = !visible
}

function element(name, text, className) {
  const made = document.createElement(name)
  made.textContent = text
  if (className) made.className = className
  return made
}

function showHeaders(pairs) {
  const ours = (name) => /^postern-/i.test(name)
  const sorted = [...pairs.filter(([name]) => ours(name)), ...pairs.filter(([name]) => !ours(name))]
  byId('headers').replaceChildren(
    ...sorted.map(([name, value]) => {
      const row = document.createElement('tr')
      const head = element('th', name)
      head.scope = 'row'
      row.append(head, element('td', value))
      if (ours(name)) row.className = 'ours'
      return row
    }),
  )
}

function proofText(proof) {
  if (proof.kind === 'verified') return ['verified with the gateway’s key', 'good']
  if (proof.kind === 'refused') return [`not verified: ${proof.reason}`, 'bad']
  return [proof.kind === 'anonymous' ? 'the gateway says: nobody' : 'none', 'bad']
}

function showPlayer(answer) {
  const { player, proof } = answer
  byId('who-name').textContent = player.name
  byId('who-role').textContent = player.guest ? 'guest' : (player.role ?? 'no role')
  byId('who-id').textContent = player.id
  const [text, style] = proofText(proof)
  byId('who-proof').replaceChildren(element('span', text, style))
  show('who-character-row', player.character !== null)
  if (player.character) byId('who-character').textContent = `${player.character.name} in ${player.character.world}`
  document.body.dataset.verified = String(proof.kind === 'verified')
  byId('join').disabled = proof.kind !== 'verified'
}

async function whoAmI() {
  const response = await fetch('/whoami', { headers: { accept: 'application/json' }, cache: 'no-store' })
  show('who-loading', false)
  const answer = response.ok ? await response.json() : null
  const known = answer !== null && answer.player !== null
  show('who', known)
  show('signed-in', known)
  show('signed-out', !known)
  if (answer !== null) showHeaders(answer.headers)
  if (known) showPlayer(answer)
}

function showSaid({ from, role, text }) {
  const log = byId('chat-log')
  const line = document.createElement('li')
  const name = element('b', from)
  name.title = role
  line.append(name, element('span', text))
  log.append(line)
  log.scrollTop = log.scrollHeight
}

function drawGrid(room) {
  const cells = Array.from({ length: SIZE * SIZE }, () => document.createElement('span'))
  const names = []
  room.state.fighters.forEach((fighter, key) => {
    const cell = cells[fighter.y * SIZE + fighter.x]
    const me = key === room.sessionId
    // The own figure wins a shared cell, or a player would lose sight of it.
    if (me || cell.className !== 'me') {
      cell.className = me ? 'me' : 'other'
      cell.textContent = [...fighter.name][0] ?? '?'
      cell.title = fighter.name
    }
    names.push(fighter.name)
    if (me) byId('position').textContent = `You are at column ${fighter.x + 1}, row ${fighter.y + 1}.`
  })
  byId('grid').replaceChildren(...cells)
  byId('grid').setAttribute('aria-label', `The arena, 8 by 8 cells, with ${names.join(', ')}`)
  byId('room-state').textContent = `joined · ${names.length} here`
}

function showError(text) {
  show('room-error', text !== '')
  byId('room-error').textContent = text
}

function left(code) {
  byId('room-state').textContent = code === 1000 ? 'left' : `disconnected (${code})`
  show('room', false)
  byId('join').disabled = false
  show('join', true)
}

async function join() {
  byId('join').disabled = true
  byId('room-state').textContent = 'joining…'
  showError('')
  try {
    const client = new Colyseus.Client(location.origin)
    const room = await client.joinOrCreate('arena')
    // A lost session must show at once; trying again in silence would hide it.
    room.reconnection.enabled = false
    byId('chat-log').replaceChildren()
    room.onMessage('history', (lines) => lines.forEach(showSaid))
    room.onMessage('said', showSaid)
    room.onStateChange(() => drawGrid(room))
    room.onLeave(left)
    show('room', true)
    show('join', false)
    byId('room-state').textContent = 'joined'
    wire(room)
  } catch (error) {
    byId('room-state').textContent = 'not joined'
    byId('join').disabled = false
    showError(`The arena did not let you in: ${error.message ?? error}`)
  }
}

function wire(room) {
  byId('chat-form').onsubmit = (event) => {
    event.preventDefault()
    const input = byId('chat-input')
    if (input.value.trim() !== '') room.send('say', { text: input.value })
    input.value = ''
    input.focus()
  }
  for (const button of document.querySelectorAll('[data-move]')) {
    button.onclick = () => room.send('move', { to: button.dataset.move })
  }
  document.onkeydown = (event) => {
    const to = { ArrowUp: 'up', ArrowDown: 'down', ArrowLeft: 'left', ArrowRight: 'right' }[event.key]
    if (!to || event.target.closest('input, #chat-log')) return
    event.preventDefault()
    room.send('move', { to })
  }
}

byId('join').addEventListener('click', join)
whoAmI().catch((error) => {
  show('who-loading', true)
  byId('who-loading').textContent = `The game did not answer: ${error.message}`
})
