/** Debian's Chromium, headless, with a camera and a microphone of its own making. */
import { chromium, type Browser, type Page } from 'playwright-core';

declare global {
  interface Window {
    keptPeers?: RTCPeerConnection[];
  }
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  // A page in the background must keep drawing and playing: tests open several.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

/**
 * @param more further flags, such as `--use-file-for-fake-video-capture=…`
 * @throws when Chromium is not installed (scripts/setup --test)
 */
export async function launchBrowser(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: [...FLAGS, ...more], timeout: 30_000 });
}

/** Lets {@link sentVideo} see the peer connections that the page will make. Before the page is opened. */
export async function keepPeers(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const kept: RTCPeerConnection[] = [];
    window.keptPeers = kept;
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        kept.push(this);
      }
    };
  });
}

/** Width and height of the pictures that the page sends now, from its newest connection that sends any; zeros before the first. */
export async function sentVideo(page: Page): Promise<{ width: number; height: number; framesPerSecond: number }> {
  return page.evaluate(async () => {
    for (const peer of (window.keptPeers ?? []).toReversed()) {
      if (peer.connectionState !== 'connected') continue;
      for (const stats of (await peer.getStats()).values() as Iterable<RTCOutboundRtpStreamStats>) {
        if (stats.type !== 'outbound-rtp' || stats.kind !== 'video') continue;
        return { width: stats.frameWidth ?? 0, height: stats.frameHeight ?? 0, framesPerSecond: stats.framesPerSecond ?? 0 };
      }
    }
    return { width: 0, height: 0, framesPerSecond: 0 };
  });
}
