// Runs ONNX Runtime on every FOLDER/NAME.onnx: reads its raw floats NAME.inputs.f32 and writes
// NAME.scores.f32, its first output. Usage: node onnxruntime.cjs FOLDER
const fs = require("fs");
const path = require("path");

let ort;
try {
  ort = require("onnxruntime-node");
} catch (error) {
  console.error("onnxruntime-node is missing: run 'npm ci --ignore-scripts' in the source folder");
  process.exit(2);
}

function floats(file) {
  const bytes = fs.readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

async function runOne(stem) {
  const session = await ort.InferenceSession.create(stem + ".onnx", {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const sample = session.inputMetadata[0].shape.slice(1);
  const values = floats(stem + ".inputs.f32");
  const batch = values.length / sample.reduce((a, b) => a * b, 1);
  const inputs = { [session.inputNames[0]]: new ort.Tensor("float32", values, [batch, ...sample]) };
  const scores = (await session.run(inputs))[session.outputNames[0]].data;
  fs.writeFileSync(stem + ".scores.f32", Buffer.from(scores.buffer, scores.byteOffset, scores.byteLength));
}

async function main(folder) {
  for (const file of fs.readdirSync(folder).sort()) {
    if (file.endsWith(".onnx")) await runOne(path.join(folder, file.slice(0, -".onnx".length)));
  }
}

main(process.argv[2]).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
