// The door to what all dashboards share.

export * from './page.mjs';
export * from './panels.mjs';
export * from './words.mjs';
