interface NoteProps {
  poor: boolean;
  onSave: () => void;
  onDismiss: () => void;
}

const WORDS = 'Your connection is poor. With less data, sound and picture keep coming.';

/** Offers to send and receive less. What is read out is there before the words are: a region that comes with them is often not read. */
export function PoorConnectionNote({ poor, onSave, onDismiss }: NoteProps) {
  return (
    <>
      <p className="hidden" role="status">
        {poor && WORDS}
      </p>
      {poor && (
        <div className="note between poor-connection" role="group" aria-label="Poor connection" data-testid="poor-connection">
          <p>{WORDS}</p>
          <div className="row">
            <button type="button" className="primary" onClick={onSave} data-testid="poor-connection-save">
              Save data
            </button>
            <button type="button" onClick={onDismiss} data-testid="poor-connection-dismiss">
              Not now
            </button>
          </div>
        </div>
      )}
    </>
  );
}
