/** Below a canvas in a cell: its code, and what to do where Python does not have what is drawn. */
import type { WorkflowDocument } from '../model/types';
import type { Below } from './below';

export interface Trouble {
  /** Why Python does not take what is drawn. */
  text?: string;
  /** Python's own, where it has changed since. */
  document?: WorkflowDocument;
}

interface Props {
  trouble: Trouble;
  onKeep: () => void;
  onTake: (document: WorkflowDocument) => void;
  /** The kernel is gone. */
  gone: boolean;
  below: Below | null;
  onWrite: () => void;
  onShow: () => void;
}

export function CellBar(props: Props): JSX.Element {
  const { trouble, below, gone } = props;
  return (
    <div className="dlaaw-cell-bar">
      {gone && (
        <p role="alert" className="dlaaw-cell-trouble">
          The kernel was restarted or is gone, so nothing can be run or written from here. Run this
          cell again; code in the cell below is not lost.
        </p>
      )}
      {trouble.text && !gone && <Trouble {...props} />}
      <div className="dlaaw-cell-row">
        {below ? (
          <BelowTools {...props} below={below} />
        ) : (
          <button type="button" className="dlaaw-button" disabled={gone} onClick={props.onShow}>
            Show the code
          </button>
        )}
      </div>
    </div>
  );
}

function Trouble({ trouble, onKeep, onTake }: Props): JSX.Element {
  const { text, document } = trouble;
  return (
    <div role="alert" className="dlaaw-cell-trouble">
      <p>
        {document
          ? 'Python has changed this workflow, and what is drawn here is not in it, for it did not fit. Choose which counts; the other one comes back by Undo.'
          : 'Python does not have this edit, for it does not fit yet. It stays here until it does.'}
      </p>
      <pre>{text}</pre>
      {document && (
        <div className="dlaaw-cell-row">
          <button type="button" className="dlaaw-button" onClick={onKeep}>
            Keep what is drawn
          </button>
          <button type="button" className="dlaaw-button" onClick={() => onTake(document)}>
            Take what Python has
          </button>
        </div>
      )}
    </div>
  );
}

function BelowTools({ below, gone, onWrite }: Props & { below: Below }): JSX.Element {
  const { note, alert, waiting, follows } = below.now;
  return (
    <>
      <button type="button" className="dlaaw-button" disabled={gone} onClick={onWrite}>
        Write code below
      </button>
      <label>
        <input
          type="checkbox" checked={follows} disabled={gone}
          onChange={event => below.follow(event.target.checked)}
        />
        and keep that cell up to date
      </label>
      <span className="dlaaw-cell-note" role={alert ? 'alert' : 'status'}>{note}</span>
      {waiting !== null && (
        <>
          <button type="button" className="dlaaw-button" onClick={() => below.replace()}>
            Write over it
          </button>
          <button type="button" className="dlaaw-button" onClick={() => below.leave()}>
            Leave it
          </button>
        </>
      )}
    </>
  );
}
