import { isAlias, isCollection, isMap, isPair, isScalar, isSeq } from 'yaml';
import type { Document, LineCounter, Node, Pair, YAMLMap } from 'yaml';

/** A parsed YAML file with the data needed to find the line of a value. */
export type YamlPlaces = {
  readonly document: Document;
  readonly lines: LineCounter;
  /** The text of the YAML file. */
  readonly text: string;
};

type Path = readonly (string | number)[];

/** Returns the YAML node at a path. Aliases (`*name`) and merge keys (`<<`) along the path are resolved. */
function nodeAt({ document }: YamlPlaces, path: Path): Node | undefined {
  let node = resolved(document.contents, document);
  for (const key of path) node = resolved(childOf(node, key, document), document);
  return node;
}

/** Returns whether the file has a value at a path. */
export function hasValueAt(places: YamlPlaces, path: Path): boolean {
  return nodeAt(places, path) !== undefined;
}

/**
 * Returns the line of the value at a path. If the file lacks the value, returns the line of the nearest
 * parent that the file has.
 */
export function lineAt(places: YamlPlaces, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const isWhole = length === path.length;
    const start = isWhole ? startOf(places, path) : nodeAt(places, path.slice(0, length))?.range?.[0];
    if (start !== undefined) return places.lines.linePos(start).line;
  }
  return 1;
}

/**
 * Returns the position at which a value starts in the file. For a map or a list this is the position of its
 * key, because the first item is usually on a later line.
 */
function startOf(places: YamlPlaces, path: Path): number | undefined {
  const node = nodeAt(places, path);
  const parent = isCollection(node) ? nodeAt(places, path.slice(0, -1)) : undefined;
  const key = isMap(parent) ? pairOf(parent, String(path.at(-1)), places.document)?.key : undefined;
  return (isScalar(key) ? key.range : node?.range)?.[0];
}

/**
 * Returns the line of a part of the string at a path. A block scalar (`|`) has several lines, so the line at
 * which the string starts would be imprecise.
 */
export function lineOfPart(places: YamlPlaces, path: Path, part: string): number {
  const range = nodeAt(places, path)?.range;
  const at = range ? places.text.slice(range[0], range[1]).indexOf(part) : -1;
  return range && at >= 0 ? places.lines.linePos(range[0] + at).line : lineAt(places, path);
}

/** Returns whether the value at a path is written without quotes, so that YAML infers its type. */
export function isPlain(places: YamlPlaces, path: Path): boolean {
  const node = nodeAt(places, path);
  return isScalar(node) && node.type === 'PLAIN';
}

/** A configuration key that has been renamed, with its old and its new name. */
export type RenamedKey = { readonly parent: readonly string[]; readonly from: string; readonly to: string };

/**
 * Renames an old key in the parsed file and returns the line of the key. If the file lacks the old key or
 * also has the new key, changes nothing and returns undefined.
 */
export function renameKey(places: YamlPlaces, { parent, from, to }: RenamedKey): number | undefined {
  const map = nodeAt(places, parent);
  if (!isMap(map) || pairOf(map, to, places.document) !== undefined) return undefined;
  const key = pairOf(map, from, places.document)?.key;
  if (!isScalar(key)) return undefined;
  key.value = to;
  return places.lines.linePos(key.range?.[0] ?? 0).line;
}

function resolved(node: unknown, document: Document): Node | undefined {
  const target = isAlias(node) ? node.resolve(document) : node;
  return isScalar(target) || isCollection(target) ? target : undefined;
}

function childOf(node: Node | undefined, key: string | number, document: Document): unknown {
  if (isSeq(node)) return node.items[Number(key)];
  return isMap(node) ? pairOf(node, String(key), document)?.value : undefined;
}

/**
 * Returns the entry of a map for a key. Entries of the map itself take precedence over those of merged maps.
 */
function pairOf(map: YAMLMap, key: string, document: Document): Pair | undefined {
  const own = map.items.find((pair) => keyOf(pair) === key);
  if (own !== undefined) return own;
  for (const merged of map.items.filter((pair) => keyOf(pair) === '<<')) {
    const target = resolved(merged.value, document);
    const sources = isSeq(target) ? target.items : [target];
    for (const source of sources) {
      const sourceMap = resolved(source, document);
      const found = isMap(sourceMap) ? pairOf(sourceMap, key, document) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function keyOf(pair: unknown): string | undefined {
  if (!isPair(pair)) return undefined;
  const key = isScalar(pair.key) ? pair.key.value : pair.key;
  // The YAML library represents the merge key `<<` by a symbol, whose description is the text of the key.
  return typeof key === 'symbol' ? key.description : String(key);
}
