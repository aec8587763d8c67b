import { render } from 'preact';
import { Frame } from './frame/frame.tsx';
import { applyTheme, savedTheme } from './frame/theme.ts';

applyTheme(savedTheme());
const container = document.getElementById('console');
if (container !== null) render(<Frame />, container);
