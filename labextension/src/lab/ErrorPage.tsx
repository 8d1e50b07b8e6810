/** What is shown for a file that is no document; the file stays as it is. */
import type { DocumentError, FaultKind } from '../model/document';

const TITLES: Record<FaultKind, string> = {
  strange: 'This file is no network or model that can be drawn',
  truncated: 'This file ends too early',
  'no json': 'This file is not JSON',
  foreign: 'This file is not a workflow',
  newer: 'This file was written by a newer version',
  wrong: 'Something in this workflow is wrong',
  large: 'This workflow is too large to draw'
};

export interface ErrorPageProps {
  path: string;
  fault: DocumentError;
  onOpenText: () => void;
}

export function ErrorPage({ path, fault, onOpenText }: ErrorPageProps): JSX.Element {
  return (
    <main className="dlaaw-error-page" aria-label="The file could not be read">
      <h1>{TITLES[fault.kind]}</h1>
      <p className="dlaaw-error-path">{path}</p>
      <pre role="alert">{fault.message}</pre>
      <p>The file is as it was: nothing has been changed or written.</p>
      <div>
        <button type="button" className="jp-mod-styled jp-mod-accept" onClick={onOpenText}>
          Open in the text editor
        </button>
      </div>
    </main>
  );
}
