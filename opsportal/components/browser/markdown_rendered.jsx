// Markdown of strangers, made harmless: raw HTML is shown as the text it is, images are not loaded, and a link
// leads to the web or to mail or is no link. Nothing here sets an id, so no text can pose as a part of the page.
import ReactMarkdown from "react-markdown";
import { gfmAutolinkLiteralFromMarkdown } from "mdast-util-gfm-autolink-literal";
import { gfmStrikethroughFromMarkdown } from "mdast-util-gfm-strikethrough";
import { gfmTableFromMarkdown } from "mdast-util-gfm-table";
import { gfmAutolinkLiteral } from "micromark-extension-gfm-autolink-literal";
import { gfmStrikethrough } from "micromark-extension-gfm-strikethrough";
import { gfmTable } from "micromark-extension-gfm-table";
import { useIntl } from "$/portal/intl";

const LEADS_OUT = /^(https?:\/\/|mailto:)[^\s]/i;

/**
 * Bare addresses, tables and struck-out text; not GitHub's footnotes (they set ids) and check boxes. There is no HTML in
 * this markdown at all: what looks like a tag is text like any other, and the markdown around it still counts.
 */
function supplements() {
  const data = this.data();
  (data.micromarkExtensions ??= []).push(
    gfmAutolinkLiteral(),
    gfmTable(),
    gfmStrikethrough({ singleTilde: false }),
    { disable: { null: ["htmlFlow", "htmlText"] } },
  );
  (data.fromMarkdownExtensions ??= []).push(
    gfmAutolinkLiteralFromMarkdown(),
    gfmTableFromMarkdown(),
    gfmStrikethroughFromMarkdown(),
  );
}

const permitted = (url) => (LEADS_OUT.test(url) ? url : "");

function Out({ href, children }) {
  if (!href) return <span>{children}</span>;
  return (
    <a className="link" href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}

/** A picture elsewhere would tell its owner who reads this and when: only its address is shown. */
function Picture({ src, alt }) {
  const intl = useIntl();
  return <Out href={src}>{intl.t("Picture: {name}", { name: alt || src || "–" })}</Out>;
}

function Heading({ children }) {
  return <h4>{children}</h4>;
}

function Table({ children }) {
  const intl = useIntl();
  return (
    <div className="md-table" role="region" tabIndex={0} aria-label={intl.t("Table")}>
      <table>{children}</table>
    </div>
  );
}

const COMPONENTS = {
  a: Out,
  img: Picture,
  table: Table,
  h1: Heading,
  h2: Heading,
  h3: Heading,
  h4: Heading,
  h5: Heading,
  h6: Heading,
};
const PLUGINS = [supplements];

export default function Rendered({ text }) {
  return (
    <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS} urlTransform={permitted}>
      {text}
    </ReactMarkdown>
  );
}
