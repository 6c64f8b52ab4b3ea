// A plan, an answer, and an audit where it is asked for: a team in Mastra.
import { Agent } from '@mastra/core/agent';
import { readFileSync } from 'node:fs';

const model = { id: 'openai/m', url: process.env.OPENAI_BASE_URL, apiKey: process.env.OPENAI_API_KEY };
const agent = (name, instructions) => new Agent({ id: name, name, instructions, model });
const auditor = agent('Auditor', 'You look for mistakes in an answer and correct them.');
const scout = agent('Scout', process.env.SCOUT_PROMPT ?? 'You write down what the problem asks for.');
const author = agent('Author', 'You give the letter of the answer.');

const row = JSON.parse(readFileSync(0, 'utf8'));
const notes = (await scout.generate(row.input)).text;
let { text } = await author.generate(`${row.input}\n\nNotes:\n${notes}`);
if (row.input.includes('please audit')) {
  text = (await auditor.generate(`${row.input}\n\nAnswer:\n${text}`)).text;
}
console.log(text);
