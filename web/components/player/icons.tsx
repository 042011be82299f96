/** The player's signs, drawn on 24×24; what they mean is said by the button around them. */
const PATHS = {
  play: 'M7 4.5v15l13-7.5z',
  pause: 'M6 5h4v14H6zM14 5h4v14h-4z',
  replay: 'M12 5V1.5L6.5 6.5 12 11.5V8a5.5 5.5 0 1 1-5.5 5.5h-2.6A8.1 8.1 0 1 0 12 5z',
  sound: 'M3 9v6h4l5 4.5v-15L7 9zM15 8.2v7.6a4.3 4.3 0 0 0 0-7.6zM15 3.6v2.2a6.6 6.6 0 0 1 0 12.4v2.2a8.7 8.7 0 0 0 0-16.8z',
  silent: 'M3 9v6h4l5 4.5v-15L7 9zM21.5 9.4l-1.4-1.4-2.3 2.3-2.3-2.3-1.4 1.4 2.3 2.4-2.3 2.3 1.4 1.5 2.3-2.3 2.3 2.3 1.4-1.5-2.3-2.3z',
  captions: 'M4 5h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2zm6.8 8.6H9.3c-.2.5-.6.8-1.2.8-.9 0-1.3-.7-1.3-2.4s.4-2.4 1.3-2.4c.6 0 1 .3 1.2.8h1.5C10.500 9 9.600 8.200 8.100 8.200c-1.900 0-2.900 1.300-2.900 3.800s1 3.800 2.900 3.800c1.500 0 2.400-.8 2.700-2.200zm7.500 0h-1.500c-.2.5-.6.8-1.200.8-.9 0-1.300-.7-1.300-2.400s.4-2.400 1.300-2.400c.6 0 1 .3 1.200.8h1.500c-.3-1.400-1.200-2.200-2.700-2.200-1.900 0-2.900 1.300-2.900 3.800s1 3.800 2.900 3.800c1.500 0 2.400-.8 2.700-2.200z',
  pictureInPicture: 'M3 4h18a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zm1 2v12h16V6zm8 5h7v6h-7z',
  fullScreen: 'M3 9V3h6v2H5v4zM15 3h6v6h-2V5h-4zM3 15h2v4h4v2H3zM19 15h2v6h-6v-2h4z',
  leaveFullScreen: 'M7 3h2v6H3V7h4zM15 3h2v4h4v2h-6zM3 15h6v6H7v-4H3zM15 15h6v2h-4v4h-2z',
  help: 'M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm1.100 15.700h-2.200v-2.200h2.200zm1.900-6.500c-.7.9-1.800 1.300-1.900 2.900h-2.200c0-2.300 1.200-2.800 2-3.600.8-.8.5-2.300-.9-2.300-1 0-1.600.7-1.700 1.800H8.100C8.200 7.700 9.800 6.200 12 6.200c3.200 0 4.500 2.900 3 5z',
  people: 'M9 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm0 2c-3.500 0-7 1.700-7 4.500V20h14v-1.500C16 15.700 12.500 14 9 14zm8-2.500a3.200 3.200 0 1 0-1.600-6 6 6 0 0 1 0 5.600c.5.300 1 .4 1.600.4zm.500 2.600c1.300 1 2 2.400 2 4.400V20H22v-1.300c0-2.300-2.200-4-4.500-4.600z',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} fill="currentColor" fillRule="evenodd" />
    </svg>
  );
}

interface IconButtonProps {
  icon: IconName;
  /** Its name and, with the key in brackets, its tooltip. */
  label: string;
  shortcut?: string;
  pressed?: boolean;
  expanded?: boolean;
  onClick: () => void;
  testId?: string;
}

export function IconButton({ icon, label, shortcut, pressed, expanded, onClick, testId }: IconButtonProps) {
  return (
    <button type="button" className="sign" aria-label={label} title={shortcut ? `${label} (${shortcut})` : label} aria-pressed={pressed} aria-expanded={expanded} onClick={onClick} data-testid={testId}>
      <Icon name={icon} />
    </button>
  );
}
