// Reads codes from a picture: QR as on our own labels, Code 128 and Code 39 as on the makers'.

const FORMATS = ["qr_code", "code_128", "code_39"];
const LONGEST_SIDE = 960; // more pixels take longer and show no more of a label that fills the picture

/** A function that resolves to the text of a code in a video's picture, or "". The browser's own reader where it has one. */
export async function openReader() {
  const native = await nativeFormats();
  if (FORMATS.every((format) => native.includes(format))) {
    const detector = new window.BarcodeDetector({ formats: FORMATS });
    return async (video) => (await detector.detect(video).catch(() => []))[0]?.rawValue ?? "";
  }
  // Only whoever opens the camera of a browser without a reader of its own loads one.
  const zxing = await import("@zxing/library");
  const canvas = document.createElement("canvas");
  return async (video) => decode(zxing, pixelsOf(video, canvas));
}

async function nativeFormats() {
  if (!("BarcodeDetector" in window)) return [];
  return window.BarcodeDetector.getSupportedFormats().catch(() => []); // some have it and can read nothing
}

function pixelsOf(video, canvas) {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight, 1));
  canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
  canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** The text of a code in a picture as canvases give it (RGBA), or "". */
export function decode(zxing, { data, width, height }) {
  const grey = new Uint8ClampedArray(width * height);
  for (let at = 0; at < grey.length; at += 1) {
    // Green counts twice, as in the library's own sources of pixels.
    grey[at] = (data[4 * at] + 2 * data[4 * at + 1] + data[4 * at + 2]) >> 2;
  }
  const bitmap = new zxing.BinaryBitmap(new zxing.HybridBinarizer(new zxing.RGBLuminanceSource(grey, width, height)));
  const hints = new Map([[zxing.DecodeHintType.TRY_HARDER, true]]);
  for (const Reader of [zxing.QRCodeReader, zxing.Code128Reader, zxing.Code39Reader]) {
    try {
      return new Reader().decode(bitmap, hints).getText();
    } catch {
      // None of this kind in the picture.
    }
  }
  return "";
}
