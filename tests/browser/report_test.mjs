// Opens the page of each subcommand in a browser, without a network, in light and in dark, on a wide
// and on a narrow screen: nothing is logged as an error, nothing is loaded, the plots that it should
// have and no others have something drawn, a label and a table.  Takes a screenshot of each.
// Usage: node report_test.mjs CHROMIUM FOLDER     (the pages are FOLDER/simulate.html and so on)

import { strict as assert } from "node:assert";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, folder] = process.argv.slice(2);
const reports = [
  { name: "simulate", title: /simulated/, plots: ["stock", "queue", "answers", "waits", "latencies"], tables: 4 },
  { name: "replay", title: /replayed/, plots: ["stock", "answers", "latencies"], tables: 3 },
  { name: "load", title: /under load/, plots: ["stock", "queue", "answers", "waits", "latencies"], tables: 2 },
];
const urlOf = (report) => pathToFileURL(resolve(folder, `${report.name}.html`)).href;
const looks = [
  { name: "light", colorScheme: "light", width: 1280, height: 900 },
  { name: "dark", colorScheme: "dark", width: 1280, height: 900 },
  { name: "narrow", colorScheme: "light", width: 390, height: 844 },
];

// How many colours the middle of each plot shows, and how many of its pixels are drawn at all.
const drawnPixels = (page) => page.evaluate(() => Object.fromEntries(
  [...document.querySelectorAll("section.plot")].map((section) => {
    const canvas = section.querySelector("canvas");
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    const colours = new Set();
    let drawn = 0;
    for (let i = 0; i < pixels.length; i += 4) {
      if (pixels[i + 3] === 0) continue;
      drawn += 1;
      if (pixels[i + 3] === 255) colours.add(`${pixels[i]},${pixels[i + 1]},${pixels[i + 2]}`);
    }
    return [section.dataset.plot, { drawn, colours: colours.size }];
  })));

// The contrast of two colours (WCAG 2.2, "contrast ratio").
const contrast = (page, selector) => page.evaluate((wanted) => {
  const parse = (text) => text.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const element = document.querySelector(wanted);
  let behind = element;
  while (behind && parse(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
  const [dark, light] = [getComputedStyle(element).color, getComputedStyle(behind ?? document.body).backgroundColor]
    .map((text) => luminance(parse(text))).sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}, selector);

const lookAt = async (browser, report) => {
  const { plots } = report;
  const backgrounds = new Set();
  for (const look of looks) {
    const where = `${report.name}, ${look.name}`;
    const context = await browser.newContext({
      colorScheme: look.colorScheme, viewport: { width: look.width, height: look.height }, offline: true,
    });
    const page = await context.newPage();
    const complaints = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith("file:") && !request.url().startsWith("data:")) complaints.push(request.url());
    });
    await page.goto(urlOf(report));
    await page.waitForSelector("section.plot canvas");

    const drawn = await drawnPixels(page);
    assert.deepEqual(Object.keys(drawn), plots, where);
    assert.match(await page.title(), report.title);
    assert.equal(await page.locator("section.table").count(), report.tables, `${where}: tables`);
    for (const text of await page.locator("#tiles dd, #tiles dt, #subtitle, #proof").allTextContents()) {
      assert.ok(text.length > 0 && !/undefined|NaN|null/.test(text), `${where}: '${text}' is shown`);
    }
    assert.ok(await page.locator("#story li").count() > 2, `${where}: no story`);
    for (const [name, found] of Object.entries(drawn)) {
      assert.ok(found.drawn > 2000 && found.colours > 2, `${where}: nothing drawn in ${name}`);
      const label = await page.getAttribute(`[data-plot=${name}] .chart`, "aria-label");
      assert.ok(label.length > 40, `${where}: ${name} has no label`);
    }
    assert.match(await page.textContent("#verdict"), /promises held/);
    for (const selector of ["h1", "#subtitle", "#verdict", "#tiles dt", ".u-legend th", "summary"]) {
      const ratio = await contrast(page, selector);
      assert.ok(ratio >= 4.5, `${where}: ${selector} has a contrast of ${ratio.toFixed(2)}`);
    }
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `${where}: the page is ${overflow} pixels wider than the window`);

    backgrounds.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    await page.screenshot({ path: join(folder, `report-${report.name}-${look.name}.png`), fullPage: true });
    for (const name of plots) {
      await page.click(`[data-plot=${name}] summary`);
      const table = page.locator(`[data-plot=${name}] details tbody tr`);
      await table.first().waitFor();
      const rows = await table.count();
      assert.ok(rows >= 5, `${where}: the table of ${name} has ${rows} rows`);
    }
    assert.deepEqual(complaints, [], where);
    await context.close();
  }
  assert.equal(backgrounds.size, 2, `${report.name}: light and dark look the same`);
};

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  for (const report of reports) await lookAt(browser, report);

  // Who changes their mind while the page is open gets the other colours.
  const page = await browser.newPage({ colorScheme: "light" });
  await page.goto(urlOf(reports[0]));
  const stroke = () => page.evaluate(() => {
    const canvas = document.querySelector("[data-plot=stock] canvas");
    return canvas.toDataURL();
  });
  const before = await stroke();
  await page.emulateMedia({ colorScheme: "dark" });
  await page.waitForFunction(
    (old) => document.querySelector("[data-plot=stock] canvas").toDataURL() !== old, before, { timeout: 10000 });
} finally {
  await browser.close();
}
console.log(`the pages are in order; screenshots: ${folder}/report-*.png`);
