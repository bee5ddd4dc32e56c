// An input that offers what is on record while somebody types: servers, or ports of switches.
import { useEffect, useId, useState } from "react";
import { get } from "$/portal/forms";

const SEARCH_AFTER_MS = 150;

/** `kind` is server or port. What is typed counts, whether it was offered or not: the portal finds it again. */
export function FindInput({ kind, value, ...input }) {
  const listId = useId();
  const [hits, setHits] = useState([]);
  const wanted = value.trim();
  useEffect(() => {
    if (wanted.length < 2) return undefined;
    let isOver = false;
    const timer = setTimeout(async () => {
      const answer = await get(`/inventory/find.json?q=${encodeURIComponent(wanted)}`);
      if (!isOver && answer.ok) setHits(answer.hits.filter((hit) => hit.kind === kind));
    }, SEARCH_AFTER_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [wanted]);
  return (
    <>
      <input {...input} value={value} type="text" list={listId} maxLength={100} autoComplete="off" spellCheck={false} />
      <datalist id={listId}>
        {hits.map((hit) => (
          <option key={hit.label} value={hit.label}>
            {hit.detail}
          </option>
        ))}
      </datalist>
    </>
  );
}
