/** New files beside an open one; none that is there is ever written over. */
import type { Contents } from '@jupyterlab/services';

/**
 * Write a file beside another one: `flow.svg` beside `flow.dlaaw`, or `flow-1.svg`.
 *
 * @returns The path of the new file.
 */
export async function saveBeside(
  contents: Contents.IManager,
  path: string,
  suffix: string,
  file: Partial<Contents.IModel>
): Promise<string> {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const stem = path.slice(folder.length).replace(/(.)\.[^.]*$/, '$1');
  const listed = await contents.get(folder.replace(/\/$/, ''), { content: true });
  const taken = new Set((listed.content as Contents.IModel[]).map(one => one.name));
  let name = `${stem}.${suffix}`;
  for (let count = 1; taken.has(name); count += 1) {
    name = `${stem}-${count}.${suffix}`;
  }
  return (await contents.save(folder + name, file)).path;
}
