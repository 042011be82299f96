interface NoteProps {
  onSave: () => void;
  onDismiss: () => void;
}

/** Offers to send and receive less. */
export function PoorConnectionNote({ onSave, onDismiss }: NoteProps) {
  return (
    <div className="note between" role="status" data-testid="poor-connection">
      <p>Your connection is poor. With less data, sound and picture keep coming.</p>
      <div className="row">
        <button type="button" className="primary" onClick={onSave} data-testid="poor-connection-save">
          Save data
        </button>
        <button type="button" onClick={onDismiss} data-testid="poor-connection-dismiss">
          Not now
        </button>
      </div>
    </div>
  );
}
