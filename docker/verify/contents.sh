# shellcheck shell=bash
# Checks of what the file tree of an image contains. Sourced by docker/verify-image.sh: `tree` is the file tree.

unknown_files() {
  local entry
  for entry in main console healthcheck runtime; do
    [ -s "$tree/app/dist/$entry.js" ] || { echo "dist/$entry.js is missing" && return 1; }
  done
  is_empty "$(cd "$tree/app" && find . -type f | grep -vE '^\./(package\.json|sbom\.cdx\.json|policy\.yaml(\.sig)?|lists/.*|dist/[A-Za-z0-9_-]+\.js(\.map)?|dist/assets/[A-Za-z0-9_.-]+|dist/compiled/v24[^/]*/[0-9a-f]+)$' || true)"
}
has_sbom() {
  node -e '
    const { bomFormat, components } = JSON.parse(fs.readFileSync(process.argv[1], "utf8"));
    const names = components.map(({ name }) => name);
    if (bomFormat !== "CycloneDX" || !names.includes("fastify") || names.includes("aws-cdk-lib")) { console.log(names); process.exit(1); }
  ' "$tree/app/sbom.cdx.json"
}
sources() {
  is_empty "$(find "$tree/app" -name '*.ts' -o -name test; grep -l '"sourcesContent"' "$tree"/app/dist/*.map || true)"
}
# Skips libraries of the base image, some of which contain well-known test keys.
keys_in() {
  is_empty "$(find "$1" -xdev \( -path "$1/proc" -o -path "$1/dev" -o -path "$1/usr/lib" -o -path "$1/usr/share" \) -prune \
    -o -type f -print0 | xargs -0 grep -lzP 'PRIVATE KEY-----(\s|\\n|\\r)+[A-Za-z0-9+/]{40}' || true)"
}
package_managers() {
  is_empty "$(find "$tree"/usr/local/bin "$tree"/usr/bin "$tree"/opt \( -name 'npm*' -o -name 'npx*' -o -name 'yarn*' -o -name 'corepack*' \) -print
    find "$tree" -xdev -type d -name node_modules -prune -print)"
}
npm_configuration_in() {
  is_empty "$(find "$1" -xdev \( -name .npmrc -o -name npm-ca -o -path "$1/root/.npm/*" \) -size +0 -print | head -5)"
}
configured() {
  engine_config | EXPECTED=$1 node -e '
    const { User, Entrypoint, ExposedPorts, StopSignal, Healthcheck, Labels, Env } = JSON.parse(fs.readFileSync(0, "utf8"));
    const found = { User, Entrypoint, ExposedPorts: Object.keys(ExposedPorts ?? {}), StopSignal, Healthcheck: Healthcheck?.Test };
    const labels = ["version", "revision", "source", "licenses"].map((label) => Labels[`org.opencontainers.image.${label}`]);
    if (labels.some((label) => !label)) found.Labels = labels;
    if (Env.some((variable) => /KEY|TOKEN|SECRET|PASSW|NPM_/i.test(variable))) found.Env = Env;
    if (JSON.stringify(found) !== process.env.EXPECTED) { console.log(found); process.exit(1); }'
}
finds_keys() {
  mkdir "$work/planted"
  node -p 'crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" })' \
    >"$work/planted/key"
  ! keys_in "$work/planted"
}
