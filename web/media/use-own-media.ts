import { useEffect, useState } from 'react';
import { NO_MEDIA, OwnMedia, type OwnMediaView } from './own-media.ts';

/** Camera and microphone for as long as the page is shown; both are asked for at once at the start. */
export function useOwnMedia(): { media: OwnMedia | undefined; view: OwnMediaView } {
  const [media, setMedia] = useState<OwnMedia>();
  const [view, setView] = useState<OwnMediaView>(NO_MEDIA);
  useEffect(() => {
    const opened = new OwnMedia(setView);
    setMedia(opened);
    void opened.setCamera(true);
    void opened.setMicrophone(true);
    return () => opened.close();
  }, []);
  return { media, view };
}
