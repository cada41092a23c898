// What others may ask of the map's window; MapView fills it in.
export const mapZoom = {
  fit: (): void => {},
  /** refit fits again unless the user has moved the map. */
  refit: (): void => {},
  by: (_factor: number): void => {},
  /** show brings a node into the window if it is outside. */
  show: (_id: string): void => {},
};
