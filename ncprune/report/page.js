// What the page does once it is open: draws its figures in the reader's colours and sorts its
// tables.
(() => {
  'use strict';
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const print = window.matchMedia('print');

  const tip = document.createElement('div');
  tip.id = 'tip';
  tip.hidden = true;
  document.body.append(tip);
  const showTip = (handler, event, item, value) => {
    tip.hidden = value == null || value === '';
    if (tip.hidden) return;
    tip.textContent = value;
    const right = Math.min(event.clientX + 12, window.innerWidth - tip.offsetWidth - 8);
    tip.style.left = Math.max(8, right) + 'px';
    tip.style.top = event.clientY + 16 + 'px';
  };

  // Vega's defaults, in the page's own colours.
  const theme = () => {
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue('--ink').trim();
    const line = style.getPropertyValue('--line').trim();
    const font = {
      labelColor: ink,
      titleColor: ink,
      labelFont: 'system-ui, sans-serif',
      titleFont: 'system-ui, sans-serif',
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: 'normal'
    };
    return {
      background: null,
      axis: {
        ...font,
        domainColor: line,
        tickColor: line,
        gridColor: line,
        gridOpacity: 0.6,
        labelLimit: 150
      },
      legend: {...font, labelLimit: 220},
      text: {fill: ink, font: 'system-ui, sans-serif'},
      rule: {stroke: line},
    };
  };

  const draw = (figure) => {
    const drawing = figure.querySelector('.drawing');
    const spec = JSON.parse(figure.querySelector('script').textContent);
    if (figure.view) figure.view.finalize();
    drawing.replaceChildren();
    const width = drawing.clientWidth || 640;
    spec.width = width;
    spec.autosize = {type: 'fit-x', contains: 'padding'};
    const runtime = vega.parse(spec, theme(), {ast: true});
    figure.view = new vega.View(runtime, {
      expr: vega.expressionInterpreter,
      renderer: 'svg',
      container: drawing,
      tooltip: showTip,
      hover: true
    });
    figure.drawnAt = width;
    return figure.view.runAsync();
  };

  const figures = [...document.querySelectorAll('figure.plot')];
  const drawAll = () => Promise.all(figures.map(draw)).then(() => {
    document.documentElement.dataset.drawn = figures.length;
  });
  drawAll();
  dark.addEventListener('change', drawAll);
  print.addEventListener('change', drawAll);
  let waiting = 0;
  window.addEventListener('resize', () => {
    clearTimeout(waiting);
    waiting = setTimeout(
        () => figures.filter((f) => f.querySelector('.drawing').clientWidth !== f.drawnAt)
                  .forEach(draw),
        150);
  });

  // Numbers by size, '-' and the like last, everything else by the alphabet.
  const keyOf = (cell) => {
    const number = parseFloat(cell.textContent);
    return Number.isNaN(number) ? cell.textContent : number;
  };
  const compare = (a, b) => {
    if (typeof a === typeof b) return typeof a === 'number' ? a - b : a.localeCompare(b);
    return typeof a === 'number' ? -1 : 1;
  };
  for (const table of document.querySelectorAll('table')) {
    const headers = [...table.tHead.rows[0].cells];
    headers.forEach((header, column) => {
      const button = document.createElement('button');
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener('click', () => {
        const up = header.getAttribute('aria-sort') === 'descending';
        headers.forEach((other) => other.removeAttribute('aria-sort'));
        header.setAttribute('aria-sort', up ? 'ascending' : 'descending');
        const body = table.tBodies[0];
        const rows = [...body.rows];
        const rule = rows.findIndex((row) => row.classList.contains('rule'));
        const movable = rule < 0 ? rows : rows.slice(0, rule);
        movable.sort((a, b) => {
          const order = compare(keyOf(a.cells[column]), keyOf(b.cells[column]));
          return up ? order : -order;
        });
        body.prepend(...movable);
      });
    });
  }
})();
