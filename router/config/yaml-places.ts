import { isAlias, isCollection, isMap, isPair, isScalar, isSeq } from 'yaml';
import type { Document, LineCounter, Node, YAMLMap } from 'yaml';

/** A parsed YAML file and where its values stand. */
export type YamlPlaces = {
  readonly document: Document;
  readonly lines: LineCounter;
  /** The source, as it was parsed. */
  readonly text: string;
};

type Path = readonly (string | number)[];

/** Returns the node at a path of the file's value; aliases and merge keys (`<<`) are followed. */
function nodeAt({ document }: YamlPlaces, path: Path): Node | undefined {
  let node = resolved(document.contents, document);
  for (const key of path) node = resolved(childOf(node, key, document), document);
  return node;
}

/** Returns the line of the value at a path, or of the nearest value around it. */
export function lineAt(places: YamlPlaces, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const range = nodeAt(places, path.slice(0, length))?.range;
    if (range) return places.lines.linePos(range[0]).line;
  }
  return 1;
}

/** Returns the line where `part` of the scalar at a path stands; a block scalar has several lines. */
export function lineOfPart(places: YamlPlaces, path: Path, part: string): number {
  const range = nodeAt(places, path)?.range;
  const at = range ? places.text.slice(range[0], range[1]).indexOf(part) : -1;
  return range && at >= 0 ? places.lines.linePos(range[0] + at).line : lineAt(places, path);
}

/** Whether the scalar at a path is written without quotes, on which YAML bases its type. */
export function isPlain(places: YamlPlaces, path: Path): boolean {
  const node = nodeAt(places, path);
  return isScalar(node) && node.type === 'PLAIN';
}

function resolved(node: unknown, document: Document): Node | undefined {
  const target = isAlias(node) ? node.resolve(document) : node;
  return isScalar(target) || isCollection(target) ? target : undefined;
}

function childOf(node: Node | undefined, key: string | number, document: Document): unknown {
  if (isSeq(node)) return node.items[Number(key)];
  return isMap(node) ? valueOf(node, String(key), document) : undefined;
}

/** A map's own keys win over those of the maps that it merges. */
function valueOf(map: YAMLMap, key: string, document: Document): unknown {
  const own = map.items.find((pair) => keyOf(pair) === key);
  if (own !== undefined) return own.value;
  for (const merged of map.items.filter((pair) => keyOf(pair) === '<<')) {
    const target = resolved(merged.value, document);
    const sources = isSeq(target) ? target.items : [target];
    for (const source of sources) {
      const found = childOf(resolved(source, document), key, document);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function keyOf(pair: unknown): string | undefined {
  if (!isPair(pair)) return undefined;
  const key = isScalar(pair.key) ? pair.key.value : pair.key;
  // The parser's value for a merge key is a symbol.
  return typeof key === 'symbol' ? key.description : String(key);
}
