import { useEffect, useRef } from 'react';
import type { Notice } from './context';
import { Icon } from './icons';

/** A message at the place that it is about, with what can be done. */
export function NoticeBox(props: { notice: Notice | null; close: () => void }): React.JSX.Element {
  const { notice, close } = props;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const own = box.current;
    if (own === null || notice?.at === undefined) {
      return;
    }
    // It is as large as its text, so only now is it known whether it stays inside.
    const room = own.offsetParent as HTMLElement | null;
    const width = room?.clientWidth ?? 0;
    const height = room?.clientHeight ?? 0;
    own.style.left = `${Math.max(8, Math.min(notice.at[0], width - own.offsetWidth - 8))}px`;
    own.style.top = `${Math.max(8, Math.min(notice.at[1] + 12, height - own.offsetHeight - 8))}px`;
  }, [notice]);
  return (
    <>
      <div role="status" className="dlaaw-read">{notice && !notice.alert ? notice.text : ''}</div>
      {notice && (
        <div
          ref={box}
          className={`dlaaw-notice${notice.at ? '' : ' dlaaw-notice-below'}`}
          role={notice.alert ? 'alert' : undefined}
          onKeyDown={event => {
            if (event.key === 'Escape') {
              event.stopPropagation();
              close();
            }
          }}
        >
          <span className="dlaaw-notice-text">{notice.text}</span>
          {notice.action && (
            <button
              type="button" className="dlaaw-button dlaaw-primary"
              onClick={() => {
                close();
                notice.action!.run();
              }}
            >
              {notice.action.label}
            </button>
          )}
          <button type="button" className="dlaaw-close" aria-label="Close the message" onClick={close}>
            <Icon name="close" />
          </button>
        </div>
      )}
    </>
  );
}
