// A plan, an answer, and an audit where it is asked for: a team in the Vercel AI SDK.
import { openai } from '@ai-sdk/openai';
import { ToolLoopAgent, generateText } from 'ai';
import { readFileSync } from 'node:fs';

const model = openai('m');
const auditor = new ToolLoopAgent({ model, instructions: 'You look for mistakes in an answer and correct them.' });
const author = new ToolLoopAgent({ model, instructions: 'You give the letter of the answer.' });

const row = JSON.parse(readFileSync(0, 'utf8'));
const scout = process.env.SCOUT_PROMPT ?? 'You write down what the problem asks for.';
const notes = (await generateText({ model, system: scout, prompt: row.input })).text;
let { text } = await author.generate({ prompt: `${row.input}\n\nNotes:\n${notes}` });
if (row.input.includes('please audit')) {
  text = (await auditor.generate({ prompt: `${row.input}\n\nAnswer:\n${text}` })).text;
}
console.log(text);
