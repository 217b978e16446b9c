// Debian's Chromium with a fake camera and microphone.
import { chromium } from "playwright-core";
import { PATIENCE } from "./limen.mjs";

export const launchChromium = (args = []) =>
  chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
      "--disable-sync", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required",
      ...args,
    ],
  });

/** A page whose script errors fail the test; `errors` collects them. */
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, permissions: ["camera", "microphone"], ...options });
  context.setDefaultTimeout(30_000 * PATIENCE);
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(url);
  return { page, context, errors };
}
