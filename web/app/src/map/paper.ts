// What is printed: the map as it is drawn, on white paper, with what it is of
// and the paths that matter most. It is made when the browser asks for it.
import { count, quantity, span, stamp, unit } from '../format';
import { drawn, times, view } from '../state';
import { layout, scene, sheetMarks } from './model';
import { svgOf } from './svg';

const put = (to: Element, tag: string, text = ''): Element => {
  const e = document.createElement(tag);
  e.textContent = text;
  return to.appendChild(e);
};

function write(): void {
  const [l, s, g, t] = [layout.value, scene.value, drawn.value, times.value];
  if (!l || !s || !g || !t) return;
  const { q, level, metric, show } = view.value;
  const paper = put(document.body, 'section');
  paper.className = 'paper';
  put(paper, 'h2', 'Periplus: network map');
  const { bytes, records, denied, endpoints } = g.totals;
  const facts = [
    `${span(t.range[0], t.range[1])} (to ${stamp(t.range[1])} UTC)`,
    q || 'no filter',
    `by ${level}, ${show === 'all' ? 'every verdict' : show}`,
    `${quantity(bytes, 'bytes')}, ${count(records)} records, ${count(denied)} denied, ${count(endpoints)} endpoints`,
  ];
  put(paper, 'p', facts.join(' · '));
  put(paper, 'div').innerHTML = svgOf(sheetMarks(), l.size, '#fff', 'Network map');
  const legend = document.querySelector('.legend')?.cloneNode(true) as HTMLDetailsElement | undefined;
  if (legend) paper.appendChild(legend).open = true;
  const table = put(paper, 'table');
  const row = (tag: string, cells: string[]) => {
    const tr = put(table, 'tr');
    for (const c of cells) put(tr, tag, c);
  };
  row('th', ['Client', 'Server', 'Ports', 'Verdict', 'Amount', 'Records']);
  const name = (id: string) => s.nodes.get(id)?.label ?? id;
  const top = [...s.single].sort((a, b) => (b.value ?? 0) - (a.value ?? 0) || b.records - a.records);
  for (const k of [...top.filter((x) => x.verdict === 'denied').slice(0, 3), ...top.slice(0, 6)])
    row('td', [
      name(k.s),
      name(k.t),
      (k.edge.ports ?? []).map((x) => x.port ?? x.proto).join(', '),
      k.verdict,
      quantity(k.value, metric) + unit(metric),
      count(k.records),
    ]);
}

const { dataset } = document.documentElement;
let before: string | undefined;
addEventListener('beforeprint', () => {
  before = dataset.theme;
  dataset.theme = 'light';
  write();
});
addEventListener('afterprint', () => {
  dataset.theme = before;
  document.querySelector('.paper')?.remove();
});
