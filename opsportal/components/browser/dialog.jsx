// A dialog of the platform (focus stays inside, Escape closes) that asks before something is done.
import { useId, useLayoutEffect, useRef, useState } from "react";
import { useIntl } from "$/portal/intl";

export function Dialog({ open, onClose, labelledBy, className, children }) {
  const ref = useRef(null);
  const isShown = useRef(false);
  // As it is drawn: a key that is pressed before it is a dialog would go to the page below.
  useLayoutEffect(() => {
    const dialog = ref.current;
    isShown.current = open;
    if (open && !dialog.open) dialog.showModal();
    if (!open && dialog.open) dialog.close();
  }, [open]);
  return (
    <dialog
      ref={ref}
      className={`dialog ${className ?? ""}`}
      aria-labelledby={labelledBy}
      onCancel={(event) => {
        // Escape: our state closes the dialog, so that a key pressed at once finds it closed here too.
        event.preventDefault();
        onClose();
      }}
      onClose={() => {
        // The word of our own closing comes late: by then somebody may have opened the dialog again.
        if (isShown.current && !ref.current.open) onClose();
      }}
      onClick={(event) => event.target === ref.current && onClose()}
    >
      {open ? children : null}
    </dialog>
  );
}

/** The end of a form in a dialog: to give up, or to do what it asks about. */
export function DialogActions({ onClose, confirm, danger, disabled, autoFocus }) {
  const intl = useIntl();
  return (
    <div className="dialog-actions">
      <button type="button" className="btn" onClick={onClose}>
        {intl.t("Cancel")}
      </button>
      <button type="submit" className={`btn primary ${danger ? "danger" : ""}`} disabled={disabled} autoFocus={autoFocus}>
        {confirm}
      </button>
    </div>
  );
}

/** A button that opens a form in a dialog. What was refused (`refusal`, "" for nothing) is said at the form's end. */
export function DialogForm({ label, title, text, confirm, danger, className, disabled, open, setOpen, isBusy, isReady, refusal, autoFocus, onSubmit, children }) {
  const titleId = useId();
  const close = () => setOpen(false);
  const submit = (event) => {
    event.preventDefault();
    if (!isBusy && isReady) onSubmit();
  };
  return (
    <>
      <button type="button" className={className ?? "btn"} disabled={disabled} onClick={() => setOpen(true)}>
        {label}
      </button>
      <Dialog open={open} onClose={close} labelledBy={titleId}>
        <form onSubmit={submit} aria-busy={isBusy}>
          <h2 id={titleId}>{title}</h2>
          {text ? <p className="sub">{text}</p> : null}
          {children}
          {refusal === undefined ? null : <div role="alert">{refusal ? <p className="refusal">{refusal}</p> : null}</div>}
          <DialogActions onClose={close} confirm={confirm} danger={danger} disabled={isBusy || !isReady} autoFocus={autoFocus} />
        </form>
      </Dialog>
    </>
  );
}

/** A button that asks first. With `phrase` the person has to type it: for what cannot be undone. */
export function ConfirmButton({ label, title, text, confirm, phrase, danger, className, disabled, onConfirm, children }) {
  const intl = useIntl();
  const [isOpen, setIsOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const setOpen = (next) => {
    setIsOpen(next);
    setTyped("");
  };
  const submit = () => {
    setOpen(false);
    onConfirm?.();
  };
  return (
    <DialogForm
      {...{ label, title, text, confirm, danger, className, disabled, setOpen }}
      open={isOpen}
      isReady={!phrase || typed.trim() === phrase}
      autoFocus={!phrase}
      onSubmit={submit}
    >
      {children}
      {phrase ? (
        <label className="field">
          <span>
            {intl.t("Type {name} to confirm", { name: phrase })}
          </span>
          <input
            className="input mono"
            value={typed}
            autoComplete="off"
            spellCheck={false}
            autoFocus
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
      ) : null}
    </DialogForm>
  );
}
