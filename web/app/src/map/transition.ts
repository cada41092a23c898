// Stands in for d3-transition and d3-interpolate, which d3-zoom asks only for
// animations of its own: the map moves at once, and 9 KB stay unsent.
import { selection } from 'd3-selection';

export const interpolateZoom = null;
export const interrupt = (): void => {};
Object.assign(selection.prototype, {
  interrupt(this: unknown) {
    return this;
  },
});
