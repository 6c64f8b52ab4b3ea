// A plan, an answer, and an audit where it is asked for: a team in the OpenAI Agents SDK for JavaScript.
import { Agent, run } from '@openai/agents';
import { readFileSync } from 'node:fs';

const auditor = new Agent({ name: 'Auditor', instructions: 'You look for mistakes in an answer and correct them.', model: 'm' });
const scout = new Agent({
  name: 'Scout',
  instructions: process.env.SCOUT_PROMPT ?? 'You write down what the problem asks for.',
  model: 'm',
});
const author = new Agent({ name: 'Author', instructions: 'You give the letter of the answer.', handoffs: [auditor], model: 'm' });

const row = JSON.parse(readFileSync(0, 'utf8'));
const notes = (await run(scout, row.input)).finalOutput;
console.log((await run(author, `${row.input}\n\nNotes:\n${notes}`)).finalOutput);
