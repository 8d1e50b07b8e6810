/** The name of a node; another one follows everywhere, and the node stays selected. */

import { nameRefusal, rename } from '../model/edits';
import type { NodeRef } from '../model/edits';
import type { WorkflowDocument } from '../model/types';
import { useActions } from './context';
import { TextField } from './fields';

export function NameField(props: {
  document: WorkflowDocument; node: NodeRef; readOnly: boolean;
}): React.JSX.Element {
  const { document, node, readOnly } = props;
  const actions = useActions();
  return (
    <TextField
      label="Name" late disabled={readOnly} value={node.name}
      refuse={name => nameRefusal(document, node, name)}
      onChange={name => {
        actions.edit(now => rename(now, node, name));
        actions.select([{ ...node, name }]);
      }}
    />
  );
}
