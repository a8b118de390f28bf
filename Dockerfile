# The callback handler's image: a Node.js base image with the bundled service, the console and the policy. The console is
# started with the entry point node dist/console.js, and listens on port 3001. The target lambda is the image of the same
# handler as a Lambda function.
# Any base image with Node.js 24 and a shell works: --build-arg NODE_IMAGE=...
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
USER root
WORKDIR /app
COPY package.json package-lock.json ./
# Both secrets are optional: an npm configuration for a private registry or proxy, and the CA certificate that it refers
# to as cafile=/run/secrets/npm-ca. Neither the secrets nor npm's cache end up in a layer.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    --mount=type=secret,id=npm-ca,target=/run/secrets/npm-ca \
    --mount=type=cache,target=/root/.npm \
    npm ci --ignore-scripts --no-audit --no-fund && \
    npm sbom --omit=dev --sbom-format=cyclonedx >sbom.cdx.json
COPY build.js tsconfig.json ./
COPY src src
RUN node build.js
# Start each program once to fill V8's compile cache, which makes later starts faster. They exit immediately, because the
# policy file or their variables are missing. Node.js keeps a separate cache for each user, so they run as the user of the
# final image. As a Lambda function, the handler would use a directory of its own (see src/node-settings.ts).
RUN mkdir dist/compiled && chown 10001 dist/compiled
USER 10001
RUN export POLICY_FILE=none CALLBACK_PRIVATE_KEY_PARAMETER=none COSIGNER_PUBLIC_KEY_PARAMETER=no AWS_REGION=none && \
    ! node dist/main.js && ! NODE_COMPILE_CACHE=dist/compiled node dist/runtime.js
RUN ! node dist/console.js
USER root
RUN chown -R root:root dist/compiled && chmod -R a+rX dist/compiled && ls -d dist/compiled/*/*

# Tools for docker/compose.yaml: create the keys and the certificate, and simulate the Co-signer.
FROM build AS tools
COPY examples examples
COPY cli cli
COPY docker/seed.ts docker/

# A policy in the image: policy.yaml, its signatures in policy.yaml.sig, and the lists that it reads from the folder
# lists/. COPY can't skip a file that does not exist, so a stage of its own selects them from the whole context.
FROM ${NODE_IMAGE} AS policy
USER root
WORKDIR /context
COPY . .
RUN mkdir /policy && cp -RL policy.yaml* /policy/ && \
    if [ -d lists ]; then cp -RL lists /policy/; fi && \
    chmod -R u=rwX,go=rX /policy

# What both images have in common.
FROM ${NODE_IMAGE} AS handler
USER root
# Remove the package managers: the service does not need them, and an intruder should not find them.
RUN rm -rf /opt/yarn* && \
    for prefix in /usr/local /usr; do \
      rm -rf $prefix/lib/node_modules $prefix/bin/npm $prefix/bin/npx $prefix/bin/corepack $prefix/bin/yarn $prefix/bin/yarnpkg; \
    done
WORKDIR /app
COPY --chmod=644 package.json ./
COPY --from=policy /policy ./
COPY --from=build /app/sbom.cdx.json ./
COPY --from=build /app/dist dist

ARG VERSION=0.9.0
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="fireblocks-callback-handler" \
      org.opencontainers.image.description="Callback handler for the Fireblocks API Co-signer" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"

# The user has no entry in /etc/passwd, so HOME is set here; the AWS SDK looks for its configuration files there.
ENV HOME=/app
# glibc otherwise keeps freed memory separately for each thread that signs.
ENV MALLOC_ARENA_MAX=1
USER 10001:10001

FROM handler AS lambda
ENTRYPOINT ["node", "dist/runtime.js"]

FROM handler
EXPOSE 3000
STOPSIGNAL SIGTERM
# At startup, the service retries SSM for up to a minute.
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s --retries=3 CMD ["node", "dist/healthcheck.js"]
ENTRYPOINT ["node", "dist/main.js"]
